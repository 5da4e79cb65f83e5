/**
 * `<twitch-monitor src="feed">`: twitches as they happen, from a feed of `tautband.twitch-feed/1`.
 *
 * While the focus is in it, space counts a twitch by hand and n begins a new site; with `autofocus` it takes the focus.
 * Attributes, properties and events are described in docs/reference/twitch-feed.md.
 */

import type { Counted, Hello, Message, Series, State } from "./messages";
import { CSS } from "./styles";
import { SHOWN_S, TraceCanvas } from "./trace";
import { fill, words } from "./words";

const RETRY_MS = 1000;
const SAY_MS = 100;
const TAPPED_MS = 2000;
const BAR_REM = 3; // a bar with its gap
const BAR_HEIGHT_REM = 7;
const MOST_SURE = 99; // per cent; the rule was made on simulated series
const FINE = ["good contact", "learning the noise"];

export class TwitchMonitor extends HTMLElement {
  static readonly observedAttributes = ["src"];

  private socket: WebSocket | null = null;
  private retry = 0;
  private frame = 0;
  private hello: Hello | null = null;
  private series: Series | null = null;
  private state: State | null = null;
  private tapped = "";
  private tappedTimer = 0;
  private readonly toSay: string[] = [];
  private sayTimer = 0;
  private said = 0; // twitches of the present series that were told aloud
  private readonly ui = this.build();
  private readonly trace = new TraceCanvas(this.ui.canvas, () => this.colours());
  private readonly resized = new ResizeObserver(() => this.refresh());

  // what a page may read and ask for ----------------------------------------------------------------------------------

  /** The present series and what is said of it; null until the feed has told it. */
  get value(): { site: number; twitches: Counted[]; dose: State["dose"] } | null {
    if (!this.series || !this.state) return null;
    return structuredClone({ site: this.series.site, twitches: this.series.twitches, dose: this.state.dose });
  }

  /** Counts a twitch by hand, now. */
  tap(): void {
    this.send("tap");
  }

  /** Begins a new series, as after a change of site. */
  newSite(): void {
    this.send("new_series");
  }

  // life --------------------------------------------------------------------------------------------------------------

  connectedCallback(): void {
    if (!this.hasAttribute("tabindex")) this.tabIndex = -1;
    if (!this.hasAttribute("role")) this.setAttribute("role", "group");
    if (!this.hasAttribute("aria-label")) this.setAttribute("aria-label", words.name);
    this.resized.observe(this.ui.canvas);
    this.open();
  }

  disconnectedCallback(): void {
    this.resized.disconnect();
    this.shut();
  }

  attributeChangedCallback(_: string, before: string | null, now: string | null): void {
    if (!this.isConnected || before === now) return;
    this.shut();
    this.open();
  }

  private open(): void {
    const address = new URL(this.getAttribute("src") ?? "feed", document.baseURI);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    this.socket = socket;
    this.alert(this.hello ? words.broken : words.connecting);
    socket.addEventListener("message", (e) => this.take(JSON.parse(e.data as string) as Message));
    socket.addEventListener("close", () => {
      if (this.socket !== socket) return;
      this.alert(words.broken);
      this.ready(false);
      this.retry = globalThis.setTimeout(() => this.open(), RETRY_MS);
    });
  }

  private shut(): void {
    clearTimeout(this.retry);
    clearTimeout(this.sayTimer);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private send(type: "tap" | "new_series"): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ type }));
  }

  // what comes --------------------------------------------------------------------------------------------------------

  private take(message: Message): void {
    switch (message.type) {
      case "hello":
        this.begin(message);
        break;
      case "trace":
        this.trace.push(message.first, message.low, message.high);
        break;
      case "event":
        this.trace.mark(message);
        break;
      case "series":
        this.counted(message);
        break;
      case "state":
        this.know(message);
        break;
    }
    this.refresh();
  }

  private begin(hello: Hello): void {
    this.hello = hello;
    this.series = null;
    this.trace.begin(hello.bin_s);
    this.ui.source.textContent = hello.source;
    this.ui.limits.textContent = hello.limits;
    this.ready(true);
  }

  private counted(series: Series): void {
    const before = this.series;
    this.series = series;
    const count = series.earlier + series.twitches.length;
    const news: string[] = [];
    if (before && before.site !== series.site) news.push(words.saidSite);
    if (!before || before.site !== series.site) this.said = before ? 0 : count;
    for (let n = this.said + 1; n <= count; n++) {
      const one = series.twitches[n - 1 - series.earlier];
      if (!one) continue;
      const size = one.relative_to_first?.toFixed(2);
      news.push(size ? fill(words.saidTwitch, { n, size }) : fill(words.saidTap, { n }));
      this.dispatchEvent(new CustomEvent("twitch", { detail: { number: n, ...one }, bubbles: true, composed: true }));
    }
    if (before?.site === series.site && series.taps > before.taps) {
      this.tapped = fill(words.tapTaken, { n: series.last_tap_s?.toFixed(1) ?? "" });
      clearTimeout(this.tappedTimer);
      this.tappedTimer = globalThis.setTimeout(() => (this.tapped = ""), TAPPED_MS);
      if (!news.length) news.push(words.saidSame);
    }
    this.said = count;
    if (news.length) this.say(news.join(" "));
    this.showBars();
  }

  private know(state: State): void {
    const before = this.state?.dose.state;
    this.state = state;
    const { dose } = state;
    const { ui } = this;
    ui.word.textContent = words.states[dose.state];
    ui.word.className = `state ${{ enough: "enough", "one more": "more", "none seen": "", unknown: "" }[dose.state]}`;
    const counts = [fill(words.seen, { n: dose.seen })];
    if (dose.tapped) counts.push(fill(words.tapped, { n: dose.tapped }));
    if (dose.state === "enough" || dose.state === "one more") {
      counts.push(`${words.advice[dose.advice]}: ${fill(words.reached, { n: Math.min(Math.round(100 * dose.probability), MOST_SURE) })}`);
    }
    ui.counts.textContent = counts.join(" · ");
    ui.why.textContent = dose.why;
    const noise = state.noise_rms_uv;
    ui.noise.textContent = noise === null ? words.noNoise : fill(words.noise, { n: noise.toFixed(1) });
    ui.electrode.textContent = state.connection === "lost" ? words.noSamples : state.electrode;
    ui.electrode.className = FINE.includes(ui.electrode.textContent) ? "" : "bad";
    ui.begins.textContent = this.tapped ? `✓ ${this.tapped}` : state.undecided ? `● ${words.begins}` : "";
    const seconds = Math.floor(state.time_s);
    const parts = [`${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`];
    if (this.hello) parts.unshift(this.hello.channel, `${this.hello.sampling_rate_hz} Hz`);
    if (this.series && this.series.site > 1) parts.unshift(fill(words.siteN, { n: this.series.site }));
    ui.about.textContent = parts.join(" · ");
    this.alert(state.error ?? { up: "", lost: words.lost, ended: words.ended }[state.connection]);
    if (before !== undefined && before !== dose.state) {
      this.say(`${words.states[dose.state]}. ${dose.why}`);
      this.dispatchEvent(new CustomEvent("dose", { detail: structuredClone(dose), bubbles: true, composed: true }));
    }
  }

  // what shows --------------------------------------------------------------------------------------------------------

  private refresh(): void {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.trace.draw();
      this.ui.scale.textContent = fill(words.scale, { n: this.trace.reach });
    });
  }

  private showBars(): void {
    const { series } = this;
    if (!series) return;
    const room = Math.max(1, Math.floor(this.ui.bars.clientWidth / (BAR_REM * rem())));
    const first = Math.max(0, series.twitches.length - room);
    const top = Math.max(1, ...series.twitches.map((t) => t.relative_to_first ?? 0));
    this.ui.heading.textContent = fill(words.bars, { n: series.site });
    const left = series.earlier + first;
    this.ui.left.textContent = left ? fill(words.earlier, { n: left }) : series.twitches.length ? "" : words.none;
    this.ui.bars.replaceChildren(
      ...series.twitches.slice(first).map((twitch, i) => {
        const size = twitch.relative_to_first;
        const item = make("li", size === null ? "tapped" : "");
        const bar = make("span", "bar");
        if (size !== null) bar.style.height = `${(BAR_HEIGHT_REM * size) / top}rem`;
        const shown = make("span", "", size === null ? words.onlyTapped : size.toFixed(2));
        shown.setAttribute("aria-hidden", "true");
        const spoken = size === null ? words.tappedOnly : fill(words.ofFirst, { n: size.toFixed(2) });
        item.append(bar, shown, make("span", "sr", fill(words.bar, { n: left + i + 1, size: spoken })));
        return item;
      }),
    );
  }

  private ready(now: boolean): void {
    // a button that is disabled loses the focus, and the keys with it
    for (const one of [this.ui.tap, this.ui.site]) one.setAttribute("aria-disabled", String(!now));
    const free = document.activeElement === document.body || document.activeElement === this;
    if (now && this.autofocus && free && !this.shadowRoot!.activeElement) this.ui.tap.focus();
  }

  private alert(text: string): void {
    if (this.ui.alert.textContent !== text) this.ui.alert.textContent = text;
    this.ui.alert.hidden = !text;
  }

  /** Says something aloud, together with what else is said at this time. */
  private say(text: string): void {
    this.toSay.push(text);
    clearTimeout(this.sayTimer);
    this.sayTimer = globalThis.setTimeout(() => {
      this.ui.live.textContent = this.toSay.splice(0).join(" ");
    }, SAY_MS);
  }

  private colours() {
    const style = getComputedStyle(this);
    const of = (name: string): string => style.getPropertyValue(name).trim();
    return { trace: of("--m-trace"), twitch: of("--m-twitch"), rejected: of("--m-rejected"), missing: of("--m-danger") };
  }

  // structure ---------------------------------------------------------------------------------------------------------

  private build() {
    const root = this.attachShadow({ mode: "open", delegatesFocus: false });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
    const monitor = make("div", "monitor");
    const alert = make("p", "alert");
    alert.setAttribute("role", "alert");
    const source = make("strong", "");
    const about = make("span", "quiet time");
    const canvas = make("canvas", "");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", fill(words.trace, { n: SHOWN_S }));
    const scale = make("span", "");
    const begins = make("span", "");
    const word = make("p", "state");
    const counts = make("p", "counts");
    const why = make("p", "why");
    const noise = make("span", "");
    const electrode = make("span", "");
    const heading = make("h2", "");
    const bars = make("ol", "");
    const left = make("p", "quiet");
    const limits = make("p", "quiet limits");
    const live = make("p", "sr");
    live.setAttribute("role", "status");
    const tap = button("main", words.tap, words.keyTap, () => this.tap());
    const site = button("", words.site, words.keySite, () => this.newSite());
    const put = (className: string, ...children: Node[]): HTMLElement => {
      const box = make("section", className);
      box.append(...children);
      return box;
    };
    const line = (className: string, ...children: (Node | string)[]): HTMLElement => {
      const box = make("p", className);
      box.append(...children);
      return box;
    };
    const head = make("div", "head");
    head.append(source, about);
    const legend = line("quiet legend", scale, begins, make("span", "", `${SHOWN_S} s`));
    const buttons = make("div", "buttons");
    buttons.append(tap, site);
    monitor.append(
      alert,
      put("card trace", head, canvas, legend),
      put("card", heading, bars, left),
      put("card dose", word, counts, why, line("contact", noise, " · ", electrode)),
      buttons,
      limits,
    );
    root.append(monitor, live);
    this.addEventListener("keydown", (e) => this.key(e));
    return { alert, source, about, canvas, scale, begins, word, counts, why, noise, electrode, heading, bars, left, limits, live, tap, site };
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const onButton = this.shadowRoot!.activeElement instanceof HTMLButtonElement;
    if (event.key === " " && !onButton) {
      event.preventDefault();
      this.tap();
    } else if (event.key.toLowerCase() === "n") {
      this.newSite();
    }
  }
}

function make<K extends keyof HTMLElementTagNameMap>(tag: K, className: string, text = ""): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function button(className: string, text: string, key: string, pressed: () => void): HTMLButtonElement {
  const made = make("button", className, text);
  made.type = "button";
  made.setAttribute("aria-disabled", "true");
  const hint = make("kbd", "", key);
  hint.setAttribute("aria-hidden", "true");
  made.append(hint);
  made.addEventListener("click", pressed);
  return made;
}

function rem(): number {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
}

customElements.define("twitch-monitor", TwitchMonitor);
