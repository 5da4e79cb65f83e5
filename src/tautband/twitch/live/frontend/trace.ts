/** The trace on a canvas: the lowest and highest of each bin, the last seconds of them. */

import type { TwitchEvent } from "./messages";

export const SHOWN_S = 8;
const KEPT_S = 12;
const QUANTILE = 0.97; // what is beyond is let run out of the picture, so that one bump does not flatten the rest

export interface Colours {
  trace: string;
  twitch: string;
  rejected: string;
  missing: string;
}

export class TraceCanvas {
  /** Half of the height, in microvolts. */
  reach = 100;
  private binS = 0.005;
  private kept = 0;
  private end = 0;
  private low = new Float32Array(0);
  private high = new Float32Array(0);
  private events: TwitchEvent[] = [];

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly colours: () => Colours,
  ) {}

  /** Forgets everything; bins of another length follow. */
  begin(binS: number): void {
    this.binS = binS;
    this.kept = Math.round(KEPT_S / binS);
    this.low = new Float32Array(this.kept).fill(NaN);
    this.high = new Float32Array(this.kept).fill(NaN);
    this.end = 0;
    this.events = [];
  }

  push(first: number, low: (number | null)[], high: (number | null)[]): void {
    // bins that were missed while the page slept show as missing
    for (let bin = Math.max(this.end, first - this.kept); bin < first; bin++) this.put(bin, NaN, NaN);
    low.forEach((value, i) => this.put(first + i, value ?? NaN, high[i] ?? NaN));
    this.end = first + low.length;
  }

  mark(event: TwitchEvent): void {
    const oldest = this.end * this.binS - KEPT_S;
    this.events = [...this.events.filter((e) => e.offset_s > oldest), event];
  }

  draw(): void {
    const { canvas } = this;
    const ratio = globalThis.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round(canvas.clientHeight * ratio));
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const pen = canvas.getContext("2d")!;
    pen.clearRect(0, 0, width, height);
    const colours = this.colours();
    const shown = Math.round(SHOWN_S / this.binS);
    const begin = this.end - shown;
    const columns = Math.min(width, shown);
    const middle = this.scale(Math.max(begin, 0));
    const thick = Math.max(1, ratio);
    for (let column = 0; column < columns; column++) {
      const first = begin + Math.floor((column * shown) / columns);
      const last = Math.max(begin + Math.floor(((column + 1) * shown) / columns), first + 1);
      if (last <= 0) continue;
      const [low, high] = this.reachOf(Math.max(first, 0), last);
      const x = (column * width) / columns;
      const wide = width / columns + 0.5;
      if (Number.isNaN(low)) {
        pen.fillStyle = colours.missing;
        pen.fillRect(x, height / 2 - thick, wide, 2 * thick);
        continue;
      }
      pen.fillStyle = this.colourAt(first * this.binS, last * this.binS, colours);
      const top = height * (0.5 - (0.5 * (high - middle)) / this.reach);
      const bottom = height * (0.5 - (0.5 * (low - middle)) / this.reach);
      pen.fillRect(x, top, wide, Math.max(bottom - top, thick));
    }
  }

  private put(bin: number, low: number, high: number): void {
    this.low[bin % this.kept] = low;
    this.high[bin % this.kept] = high;
  }

  private reachOf(first: number, last: number): [number, number] {
    let low = NaN;
    let high = NaN;
    for (let bin = first; bin < last; bin++) {
      const l = this.low[bin % this.kept]!;
      const h = this.high[bin % this.kept]!;
      if (Number.isNaN(l)) continue;
      low = low < l ? low : l;
      high = high > h ? high : h;
    }
    return [low, high];
  }

  /** Sets the height to a round number that most of what shows fits into; gives the middle. */
  private scale(begin: number): number {
    const middles: number[] = [];
    for (let bin = begin; bin < this.end; bin++) {
      const low = this.low[bin % this.kept]!;
      if (!Number.isNaN(low)) middles.push((low + this.high[bin % this.kept]!) / 2);
    }
    if (!middles.length) return 0;
    middles.sort((a, b) => a - b);
    const middle = middles[middles.length >> 1]!;
    const sizes: number[] = [];
    for (let bin = begin; bin < this.end; bin++) {
      const low = this.low[bin % this.kept]!;
      if (!Number.isNaN(low)) sizes.push(Math.max(middle - low, this.high[bin % this.kept]! - middle));
    }
    sizes.sort((a, b) => a - b);
    const most = Math.max(1.3 * sizes[Math.floor(QUANTILE * (sizes.length - 1))]!, 1e-3);
    const power = 10 ** Math.floor(Math.log10(most));
    this.reach = power * [1, 2, 5, 10].find((step) => step * power >= most * (1 - 1e-9))!;
    return middle;
  }

  private colourAt(from: number, until: number, colours: Colours): string {
    let colour = colours.trace;
    for (const event of this.events) {
      if (event.offset_s < from || event.onset_s > until) continue;
      if (event.what === "twitch") return colours.twitch;
      colour = colours.rejected;
    }
    return colour;
  }
}
