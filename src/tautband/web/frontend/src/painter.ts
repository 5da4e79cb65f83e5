/**
 * `<tautband-painter src="/body/neutral">`: paint where it hurts, by finger, pen, mouse or keyboard.
 *
 * It keeps no state elsewhere and fetches nothing but SRC.json and SRC/VIEW.json. Attributes, properties and events
 * are described in docs/reference/painter.md.
 */

import { painter as words } from "../../words.json";
import { PaintCanvas, colourOf } from "./canvas";
import { Brush, Tool, buildControls } from "./controls";
import { draw, fill, make, parsed } from "./dom";
import { nameOf, showPlaces } from "./finder";
import { Gestures } from "./gestures";
import { History } from "./history";
import { nearest } from "./neighbours";
import { Saver } from "./saver";
import { areaOf, eighth, filled, rated, topmost, withRegion } from "./strokes";
import { CSS } from "./styles";
import { BodyIndex, BrushStroke, Covered, Drawing, Place, Point, Rating, SeenStroke, Stroke, ViewData, isFill, keyOf, placeOf } from "./types";
import { Spot, Window, held, pinched, zoomed } from "./window";

const BRUSH_CM: Record<Brush, number> = { small: 0.8, medium: 2, large: 4 };
const CLOSE_UP_BRUSH = 0.45; // a hand is painted with a finer brush than a back
const CLOSE_UP_SCALE = 20; // units per cm from which a view is a close-up
const INPUT_MS = 120;

export class TautbandPainter extends HTMLElement {
  static readonly observedAttributes = ["src", "view", "overlay"];

  /** Called with the drawing soon after every change; a promise it returns is waited for. */
  autosave: ((drawing: Drawing) => void | Promise<void>) | null = null;

  /** Asked what shows in a view of the strokes painted in others. */
  seen: ((drawing: Drawing, view: string) => Promise<SeenStroke[]>) | null = null;

  private index: BodyIndex | null = null;
  private data: ViewData | null = null;
  private readonly views = new Map<string, ViewData>();
  private loading = "";

  private history = new History();
  private covered: Covered[] = [];
  private drawnOn = "neutral"; // brush strokes belong to the shape they were painted on

  private tool: Tool = "paint";
  private brush: Brush = "medium";
  private rating: Rating = { intensity: 5 };
  private chosen = new Set<number>();

  private window: Window = { x: 0, y: 0, width: 1 };
  private windowBefore = this.window;
  private stroke: BrushStroke | null = null;
  private frame = 0;
  private lastInput = 0;
  private inputTimer = 0;

  private readonly ui = this.build();
  private readonly canvas = new PaintCanvas(this.ui.canvas);
  private readonly gestures = new Gestures(this.ui.stage, {
    paints: () => this.tool !== "select",
    begin: (e) => this.begin(e),
    extend: (events) => this.extend(events),
    finish: () => this.finish(),
    abandon: () => this.abandon(),
    tap: (e) => this.chooseAt(this.at(e)),
    pan: (dx, dy) => this.pan(dx, dy),
    pinchStart: () => (this.windowBefore = this.window),
    pinch: (from, to) =>
      this.data && this.show(pinched(this.windowBefore, from, to, this.ui.stage.getBoundingClientRect(), this.data)),
    hover: (e) => this.hover(e),
    zoom: (factor, e) => this.zoomBy(factor, this.at(e)),
  });
  private readonly saver = new Saver(
    () => this.autosave && Promise.resolve().then(() => this.autosave!(this.value)),
    (text) => (this.ui.saved.textContent = text),
  );
  private readonly resized = new ResizeObserver(() => this.redraw());

  // what a page may read and set -----------------------------------------------------------------------------------

  /** The drawing as `tautband.case/1` takes it. Setting it forgets the history. */
  get value(): Drawing {
    return {
      body: this.index?.body ?? "1",
      shape: this.drawnOn,
      strokes: structuredClone(this.strokes),
    };
  }

  set value(drawing: Drawing) {
    this.history = new History(structuredClone(drawing.strokes));
    this.drawnOn = drawing.shape;
    this.chosen.clear();
    this.refresh();
  }

  /** What the drawing covers, as resolved by tautband; shows in the list, and is spoken. */
  get coverage(): Covered[] {
    return this.covered;
  }

  set coverage(covered: Covered[]) {
    this.covered = covered;
    this.showRegions();
    this.showList();
  }

  get view(): string {
    return this.getAttribute("view") ?? "front";
  }

  set view(name: string) {
    this.setAttribute("view", name);
  }

  undo(): void {
    if (this.history.undo()) this.stepped(words.undone);
  }

  redo(): void {
    if (this.history.redo()) this.stepped(words.redone);
  }

  clear(): void {
    if (this.strokes.length) this.commit([]);
  }

  /** Paints a whole region, or clears it. */
  toggle(place: Place, on = !this.isPainted(place)): void {
    this.commit(withRegion(this.strokes, place, on, this.rating));
    this.say(fill(on ? words.nowPainted : words.nowCleared, { place: this.nameOf(place) }));
  }

  private get strokes(): Stroke[] {
    return this.history.strokes;
  }

  // life ------------------------------------------------------------------------------------------------------------

  connectedCallback(): void {
    this.resized.observe(this.ui.stage);
    document.addEventListener("visibilitychange", this.saveWhenHidden);
    void this.load();
  }

  disconnectedCallback(): void {
    this.resized.disconnect();
    document.removeEventListener("visibilitychange", this.saveWhenHidden);
    this.saver.now();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (!this.isConnected || before === now) return;
    if (name === "overlay") this.showOverlay();
    else {
      if (name === "src") this.index = null;
      void this.load();
    }
  }

  private readonly saveWhenHidden = (): void => {
    if (document.visibilityState === "hidden") this.saver.now();
  };

  private async load(): Promise<void> {
    const source = this.getAttribute("src");
    if (!source) return;
    const wanted = `${source}/${this.view}`;
    this.loading = wanted;
    try {
      if (!this.index) {
        this.name(words.loading);
        this.index = (await fetchJson(`${source}.json`)) as BodyIndex;
        if (this.strokes.every(isFill)) this.drawnOn = this.index.shape;
        this.showViews();
      }
      if (!this.views.has(wanted)) this.views.set(wanted, (await fetchJson(`${wanted}.json`)) as ViewData);
    } catch {
      this.name(words.failed);
      return;
    }
    if (this.loading === wanted) this.showView(this.views.get(wanted)!);
  }

  // structure -------------------------------------------------------------------------------------------------------

  private build() {
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
    const ui = buildControls(root, {
      tool: (tool) => this.useTool(tool),
      brush: (brush) => this.useBrush(brush),
      undo: () => this.undo(),
      redo: () => this.redo(),
      clear: () => this.clear(),
      view: (name) => (this.view = name),
      zoom: (factor) => this.zoomBy(factor),
      intensity: (value) => this.rate({ ...this.shownRating(), intensity: value }),
      quality: (quality) => this.toggleQuality(quality),
      search: () => this.showList(),
    });
    const { hits } = ui;
    hits.addEventListener("keydown", (e) => this.key(e));
    hits.addEventListener("focusin", (e) => this.focused(e.target as SVGElement));
    this.addEventListener("keydown", (e) => {
      if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "z") {
        e.preventDefault();
        if (e.shiftKey) this.redo();
        else this.undo();
      }
    });
    return ui;
  }

  private showViews(): void {
    const { views, closeUps } = this.ui;
    const whole = this.index!.views.filter((v) => v.whole);
    const near = this.index!.views.filter((v) => !v.whole);
    views.replaceChildren(
      ...whole.map((v) =>
        make("button", { type: "button", "data-view": v.id, "aria-pressed": false, onclick: () => (this.view = v.id) }, v.label.replace(" side", "")),
      ),
    );
    if (near.length) {
      closeUps.replaceChildren(
        make("option", { value: "", disabled: true, selected: true }, words.closeUps),
        ...near.map((v) => make("option", { value: v.id }, v.label)),
      );
      views.append(closeUps);
    }
  }

  private showView(data: ViewData): void {
    this.data = data;
    this.stroke = null;
    this.gestures.reset();
    this.chosen.clear();
    const { art, hits, stage, views, closeUps } = this.ui;
    stage.style.setProperty("--ratio", String(data.width / data.height));
    stage.style.setProperty("--most", data.units_per_cm < CLOSE_UP_SCALE ? "46rem" : "32rem");
    this.window = { x: 0, y: 0, width: data.width };
    art.replaceChildren(...parsed(data.art));
    hits.setAttribute("aria-label", `${fill(words.body, { view: data.label })}. ${words.help}`);
    hits.replaceChildren(
      ...data.regions.map((r) =>
        draw("path", { d: r.path, "fill-rule": "evenodd", role: "checkbox", tabindex: -1, "data-key": keyOf(r) }),
      ),
    );
    hits.firstElementChild?.setAttribute("tabindex", "0");
    for (const button of views.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.view === data.id));
    }
    closeUps.value = [...closeUps.options].some((o) => o.value === data.id) ? data.id : "";
    this.canvas.show(data);
    this.canvas.showSeen([], 0);
    this.name("");
    this.showOverlay();
    this.refresh();
  }

  private showOverlay(): void {
    const { art } = this.ui;
    art.querySelector(".overlay")?.remove();
    const address = this.getAttribute("overlay");
    if (!address || !this.data) return;
    const { width, height } = this.data;
    const href = fill(address, { view: this.data.id });
    const image = draw("image", { class: "overlay", href, width, height });
    image.addEventListener("error", () => image.remove());
    art.append(image);
  }

  // what shows ------------------------------------------------------------------------------------------------------

  private refresh(): void {
    this.ui.undo.disabled = !this.history.canUndo;
    this.ui.redo.disabled = !this.history.canRedo;
    this.ui.clear.disabled = !this.strokes.length;
    this.showRating();
    this.showRegions();
    this.showChosen();
    this.showList();
    this.redraw();
    void this.askSeen();
  }

  /** Asks what shows here of the strokes of other views, if there are any. */
  private async askSeen(): Promise<void> {
    const { data, strokes } = this;
    if (!data) return;
    const elsewhere = this.seen && strokes.some((s) => !isFill(s) && s.view !== data.id);
    const found = elsewhere ? await this.seen!(this.value, data.id).catch(() => null) : [];
    // a later change or another view has asked again
    if (!found || this.data !== data || this.strokes !== strokes) return;
    this.canvas.showSeen(found, strokes.length);
    this.showChosen();
    this.redraw();
  }

  private redraw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      if (!this.data) return;
      const { x, y, width } = this.window;
      const box = `${x} ${y} ${width} ${(width * this.data.height) / this.data.width}`;
      this.ui.art.setAttribute("viewBox", box);
      this.ui.hits.setAttribute("viewBox", box);
      const strokes = this.stroke ? [...this.strokes, this.stroke] : this.strokes;
      this.canvas.draw(strokes, this.data.id, this.window);
    });
  }

  private showRegions(): void {
    for (const path of this.ui.hits.querySelectorAll<SVGElement>("[data-key]")) {
      const place = placeOf(path.dataset.key!);
      path.setAttribute("aria-checked", String(this.isPainted(place)));
      path.setAttribute("aria-label", this.spoken(place));
    }
  }

  private showChosen(): void {
    const { hits } = this.ui;
    hits.querySelectorAll(".chosen").forEach((mark) => mark.remove());
    for (const i of this.chosen) {
      const stroke = this.strokes[i];
      if (!stroke) continue;
      const whole = isFill(stroke)
        ? this.data?.regions.find((r) => keyOf(r) === keyOf(stroke))?.path
        : this.canvas.seenPath(i);
      if (whole) {
        hits.append(draw("path", { class: "chosen whole", d: whole, "fill-rule": "evenodd" }));
      } else if (!isFill(stroke) && stroke.view === this.data?.id) {
        const [first, ...rest] = stroke.points;
        const d = `M${first![0]} ${first![1]}${(rest.length ? rest : [first!]).map((p) => `L${p[0]} ${p[1]}`).join("")}`;
        hits.append(draw("path", { class: "chosen", d, "stroke-width": 2 * stroke.radius }));
      }
    }
  }

  private shownRating(): Rating {
    const first = this.strokes[[...this.chosen][0] ?? -1];
    if (!first) return this.rating;
    return { ...(first.intensity !== undefined && { intensity: first.intensity }), ...(first.quality && { quality: first.quality }) };
  }

  private showRating(): void {
    const { slider, output, chips, ratingOf } = this.ui;
    const rating = this.shownRating();
    ratingOf.textContent = (this.chosen.size ? words.thisArea : words.nextArea).toLowerCase();
    if (rating.intensity !== undefined) slider.value = String(rating.intensity);
    output.textContent = rating.intensity === undefined ? words.unrated : fill(words.outOfTen, { n: rating.intensity });
    slider.setAttribute("aria-valuetext", output.textContent);
    slider.style.accentColor = colourOf(rating.intensity);
    for (const chip of chips.querySelectorAll("button")) {
      chip.setAttribute("aria-pressed", String(!!rating.quality?.includes(chip.textContent!)));
    }
  }

  private showList(): void {
    showPlaces(this.ui, this.index?.places ?? [], {
      isPainted: (place) => this.isPainted(place),
      ratingText: (place) => this.ratingText(place),
      toggle: (place) => this.toggle(place),
    });
  }

  private ratingText(place: Place): string {
    const of = this.covered.find((c) => keyOf(c) === keyOf(place)) ?? filled(this.strokes, place);
    if (!of) return "";
    const parts = [...(of.quality ?? [])];
    if (of.intensity !== undefined && of.intensity !== null) parts.unshift(fill(words.outOfTen, { n: Math.round(of.intensity) }));
    return parts.join(", ");
  }

  private nameOf(place: Place): string {
    return nameOf(place, this.index?.places ?? []);
  }

  private spoken(place: Place): string {
    return [this.nameOf(place), this.ratingText(place)].filter(Boolean).join(", ");
  }

  private name(text: string): void {
    this.ui.name.textContent = text;
  }

  private say(text: string): void {
    this.ui.live.textContent = text;
  }

  private isPainted(place: Place): boolean {
    const key = keyOf(place);
    const last = this.strokes.findLast((s) => isFill(s) && keyOf(s) === key);
    if (last?.mode === "paint") return true;
    const cleared = last ? this.strokes.indexOf(last) : -1;
    if (this.strokes.slice(cleared + 1).every(isFill)) return false;
    return this.covered.some((c) => keyOf(c) === key);
  }

  // changes ---------------------------------------------------------------------------------------------------------

  private commit(strokes: Stroke[]): void {
    if (!this.history.commit(strokes)) {
      this.name(words.full);
      this.say(words.full);
      this.redraw();
      return;
    }
    this.refresh();
    this.changed();
  }

  private stepped(said: string): void {
    this.chosen.clear();
    this.refresh();
    this.say(said);
    this.changed();
  }

  private changed(): void {
    this.emit("change");
    this.saver.soon();
  }

  private emit(type: "input" | "change", extra: Stroke[] = []): void {
    const detail = this.value;
    detail.strokes.push(...extra);
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }

  /** Shows a stroke in the making to the page, not more often than it can be answered. */
  private emitInput(): void {
    clearTimeout(this.inputTimer);
    const wait = this.lastInput + INPUT_MS - performance.now();
    if (wait > 0) {
      this.inputTimer = globalThis.setTimeout(() => this.emitInput(), wait);
    } else if (this.stroke) {
      this.lastInput = performance.now();
      this.emit("input", [structuredClone(this.stroke)]);
    }
  }

  private useTool(tool: Tool): void {
    this.tool = tool;
    if (tool !== "select") this.chosen.clear();
    for (const [name, button] of this.ui.tools) button.setAttribute("aria-pressed", String(name === tool));
    this.ui.stage.classList.toggle("select", tool === "select");
    this.showRating();
    this.showChosen();
  }

  private useBrush(brush: Brush): void {
    this.brush = brush;
    for (const [name, button] of this.ui.brushes) button.setAttribute("aria-pressed", String(name === brush));
  }

  private rate(rating: Rating): void {
    if (this.chosen.size) {
      this.commit(rated(this.strokes, this.chosen, rating));
    } else {
      this.rating = rating;
      this.showRating();
    }
  }

  private toggleQuality(quality: string): void {
    const { quality: now = [], ...rest } = this.shownRating();
    const next = now.includes(quality) ? now.filter((q) => q !== quality) : [...now, quality];
    this.rate({ ...rest, ...(next.length && { quality: next }) });
  }

  private chooseAt({ x, y }: Spot): void {
    const own = topmost(this.strokes, this.data!.id, x, y, (place) => this.canvas.inRegion(keyOf(place), x, y));
    const seen = this.canvas.seenAt(x, y, own);
    const i = seen >= 0 && this.strokes[seen]?.mode === "paint" ? seen : own;
    this.chosen = i < 0 ? new Set() : areaOf(this.strokes, i);
    this.showRating();
    this.showChosen();
  }

  // pointers --------------------------------------------------------------------------------------------------------

  private at(e: { clientX: number; clientY: number }): Spot {
    const box = this.ui.stage.getBoundingClientRect();
    const scale = this.window.width / box.width;
    return { x: this.window.x + (e.clientX - box.left) * scale, y: this.window.y + (e.clientY - box.top) * scale };
  }

  private radius(): number {
    const near = this.data!.units_per_cm >= CLOSE_UP_SCALE ? CLOSE_UP_BRUSH : 1;
    // zooming in makes the brush finer, as it stays the same on the screen
    return Math.max(1, eighth((BRUSH_CM[this.brush] * near * this.data!.units_per_cm * this.window.width) / this.data!.width));
  }

  private pointOf(e: PointerEvent): Point {
    const { x, y } = this.at(e);
    // fingers and mice report no pressure worth the name
    const pressed = e.pointerType === "pen" && e.pressure > 0 ? Math.round((0.4 + 0.6 * e.pressure) * 64) / 64 : 1;
    return pressed < 1 ? [eighth(x), eighth(y), pressed] : [eighth(x), eighth(y)];
  }

  private begin(e: PointerEvent): void {
    if (!this.data || this.tool === "select") return;
    this.stroke = { mode: this.tool, view: this.data.id, points: [this.pointOf(e)], radius: this.radius() };
    if (this.tool === "paint") Object.assign(this.stroke, structuredClone(this.rating));
    this.redraw();
  }

  private extend(events: PointerEvent[]): void {
    if (!this.stroke) return;
    const { points, radius } = this.stroke;
    const step = Math.max(0.5, radius / 8);
    for (const point of events.map((e) => this.pointOf(e))) {
      const last = points[points.length - 1]!;
      if (Math.hypot(point[0] - last[0], point[1] - last[1]) >= step) points.push(point);
    }
    this.redraw();
    this.emitInput();
  }

  private finish(): void {
    const { stroke } = this;
    this.stroke = null;
    clearTimeout(this.inputTimer);
    if (!stroke) return;
    const touches = stroke.points.some(([x, y]) => this.data!.regions.some((r) => this.canvas.inRegion(keyOf(r), x, y)));
    // a brush that never came near the body painted nothing
    if (touches || stroke.points.length > 1) this.commit([...this.strokes, stroke]);
    else this.redraw();
  }

  private abandon(): void {
    this.stroke = null;
    this.redraw();
  }

  private pan(dx: number, dy: number): void {
    if (!this.data) return;
    const scale = this.window.width / this.ui.stage.clientWidth;
    const { x, y, width } = this.window;
    this.show(held({ x: x - dx * scale, y: y - dy * scale, width }, this.data));
  }

  private hover(e: PointerEvent | null): void {
    const { hits } = this.ui;
    hits.querySelector(".cursor")?.remove();
    if (!e || !this.data) {
      this.name("");
      return;
    }
    const { x, y } = this.at(e);
    if (this.tool !== "select" && e.pointerType !== "touch") {
      hits.append(draw("circle", { class: "cursor", cx: x, cy: y, r: this.radius() }));
    }
    const region = this.data.regions.find((r) => this.canvas.inRegion(keyOf(r), x, y));
    this.name(region ? this.nameOf(region) : "");
  }

  /** Zooms about a point, by default the middle; a factor of 0 shows everything. */
  private zoomBy(factor: number, about?: Spot): void {
    if (this.data) this.show(zoomed(this.window, factor, this.data, about));
  }

  private show(window: Window): void {
    this.window = window;
    this.redraw();
  }

  // keyboard --------------------------------------------------------------------------------------------------------

  private focused(path: SVGElement): void {
    if (!path.dataset.key) return;
    for (const other of this.ui.hits.querySelectorAll("[tabindex='0']")) other.setAttribute("tabindex", "-1");
    path.setAttribute("tabindex", "0");
    this.name(this.nameOf(placeOf(path.dataset.key)));
    const box = (path as unknown as SVGGraphicsElement).getBBox();
    const { x, y, width } = this.window;
    const height = (width * this.data!.height) / this.data!.width;
    const inside = box.x >= x && box.y >= y && box.x + box.width <= x + width && box.y + box.height <= y + height;
    const centred = { x: box.x + (box.width - width) / 2, y: box.y + (box.height - height) / 2, width };
    if (!inside) this.show(held(centred, this.data!));
  }

  private key(e: KeyboardEvent): void {
    const path = e.target as SVGElement;
    if (!path.dataset.key || e.ctrlKey || e.metaKey || e.altKey) return;
    const place = placeOf(path.dataset.key);
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
    if (direction) {
      const paths = [...this.ui.hits.querySelectorAll<SVGGraphicsElement>("[data-key]")];
      nearest(path as SVGGraphicsElement, paths, direction[0]!, direction[1]!)?.focus();
    } else if (e.key === " " || e.key === "Enter") {
      this.toggle(place);
    } else if (/^[0-9]$/.test(e.key)) {
      const rating = { ...this.rating, intensity: Number(e.key) };
      this.commit(withRegion(this.strokes, place, true, rating));
      this.say(this.spoken(place));
    } else {
      return;
    }
    e.preventDefault();
  }
}

async function fetchJson(address: string): Promise<unknown> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

customElements.define("tautband-painter", TautbandPainter);
