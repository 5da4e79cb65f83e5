/** The painter's controls: built once, wired to what they do, and handed back to be filled and read. */

import { painter as words } from "../../words.json";
import { draw, make } from "./dom";

export type Tool = "paint" | "erase" | "select";
export type Brush = "small" | "medium" | "large";

/** What the controls do. */
export interface Actions {
  tool(tool: Tool): void;
  brush(brush: Brush): void;
  undo(): void;
  redo(): void;
  clear(): void;
  view(name: string): void;
  zoom(factor: number): void;
  intensity(value: number): void;
  quality(quality: string): void;
  search(): void;
}

export function buildControls(root: ShadowRoot, on: Actions) {
  const pressed = (label: string, on: boolean, act: () => void, ...children: (Node | string)[]) =>
    make("button", { type: "button", title: label, "aria-label": label, "aria-pressed": on, onclick: act }, ...children);

  const tools = new Map<Tool, HTMLButtonElement>();
  for (const tool of ["paint", "erase", "select"] as const) {
    tools.set(tool, pressed(words[tool], tool === "paint", () => on.tool(tool), words[tool]));
  }
  const brushes = new Map<Brush, HTMLButtonElement>();
  for (const brush of ["small", "medium", "large"] as const) {
    const dot = make("span", { className: `dot ${brush}` });
    brushes.set(brush, pressed(words[brush], brush === "medium", () => on.brush(brush), dot));
  }
  const act = (label: string, sign: string, what: () => void) =>
    make("button", { type: "button", title: label, "aria-label": label, onclick: what }, sign);
  const undo = act(words.undo, "↶", () => on.undo());
  const redo = act(words.redo, "↷", () => on.redo());
  const clear = act(words.clear, "✕", () => on.clear());
  const group = (label: string, ...children: Node[]) =>
    make("div", { className: "group", role: "group", "aria-label": label }, ...children);

  const views = group(words.views);
  views.classList.add("views");
  const closeUps = make("select", { "aria-label": words.closeUps, onchange: () => on.view(closeUps.value) });
  const bar = make(
    "div",
    { className: "bar tools" },
    group(words.tools, ...tools.values()),
    group(words.brush, ...brushes.values()),
    group(words.undo, undo, redo, clear),
    views,
  );

  const art = draw("svg", { class: "art", "aria-hidden": "true", preserveAspectRatio: "none" });
  const canvas = make("canvas", { "aria-hidden": "true" });
  const hits = draw("svg", { class: "hits", role: "group", preserveAspectRatio: "none" });
  const stage = make("div", { className: "stage" }, art, canvas, hits);
  const zoom = make(
    "div",
    { className: "zoom" },
    act(words.zoomIn, "+", () => on.zoom(1.6)),
    act(words.zoomOut, "−", () => on.zoom(1 / 1.6)),
    act(words.zoomReset, "⤢", () => on.zoom(0)),
  );
  const name = make("p", { className: "name" });
  const live = make("p", { className: "sr", role: "status" });

  const slider = make("input", { type: "range", id: "intensity", min: "0", max: "10", step: "1", value: "5" });
  slider.addEventListener("input", () => on.intensity(Number(slider.value)));
  const output = make("output", { htmlFor: "intensity" });
  const chips = make("div", { className: "chips" });
  for (const quality of words.qualities) chips.append(pressed(quality, false, () => on.quality(quality), quality));
  const ratingOf = make("small");
  const rating = make(
    "section",
    {},
    make("h3", {}, `${words.rating} `, ratingOf),
    make("div", { className: "intensity" }, make("label", { htmlFor: "intensity" }, words.intensity), slider, output),
    make("fieldset", {}, make("legend", {}, words.quality), chips),
  );

  const search = make("input", { type: "search", id: "find", placeholder: words.findHint, autocomplete: "off" });
  search.addEventListener("input", () => on.search());
  const list = make("ul", { className: "find-list" });
  const heading = make("h3");
  const find = make("section", {}, make("h3", {}, make("label", { htmlFor: "find" }, words.find)), search);
  const found = make("section", {}, heading, list);
  const saved = make("p", { className: "quiet", role: "status" });

  root.append(
    make(
      "div",
      { className: "layout" },
      bar,
      make("div", {}, make("div", { className: "frame" }, stage, zoom), name, live),
      make("div", { className: "side" }, rating, make("div", {}, find, found, saved)),
    ),
  );
  return {
    tools, brushes, undo, redo, clear, views, closeUps, art, canvas, hits, stage, name, live,
    slider, output, chips, ratingOf, search, list, heading, saved,
  };
}
