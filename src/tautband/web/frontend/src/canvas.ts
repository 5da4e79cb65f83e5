/** Shows strokes on a canvas: the topmost one counts, nothing leaves the body. */

import { SeenStroke, Stroke, ViewData, isFill, keyOf } from "./types";
import { Window } from "./window";

const COMPOSED = { paint: "source-over", erase: "destination-out" } as const;

/** Light to dark with the intensity; an unrated stroke stands in the middle. */
export function colourOf(intensity: number | undefined): string {
  const share = (intensity ?? 5) / 10;
  return `hsl(${6 - 10 * share} ${70 + 8 * share}% ${70 - 34 * share}%)`;
}

export class PaintCanvas {
  private readonly context: CanvasRenderingContext2D;
  private readonly maskLayer = document.createElement("canvas");
  private paths = new Map<string, Path2D>();
  private maskFor = "";
  private seen: (SeenStroke & { shape: Path2D })[] = [];
  private after = 0;

  constructor(readonly element: HTMLCanvasElement) {
    this.context = element.getContext("2d")!;
  }

  show(view: ViewData): void {
    this.paths = new Map(view.regions.map((r) => [keyOf(r), new Path2D(r.path)]));
    this.maskFor = "";
  }

  /** Whether a point of the view lies in a region. */
  inRegion(key: string, x: number, y: number): boolean {
    const path = this.paths.get(key);
    return !!path && this.inPath(path, x, y);
  }

  private inPath(path: Path2D, x: number, y: number): boolean {
    this.context.save();
    this.context.resetTransform();
    const inside = this.context.isPointInPath(path, x, y, "evenodd");
    this.context.restore();
    return inside;
  }

  /** What shows of strokes painted in other views; it lies over the first `after` strokes and under the later ones. */
  showSeen(seen: SeenStroke[], after: number): void {
    this.seen = seen.map((s) => ({ ...s, shape: new Path2D(s.path) }));
    this.after = after;
  }

  /** The stroke of another view that shows at a point, or -1; `above` is what lies there of this view. */
  seenAt(x: number, y: number, above: number): number {
    if (above >= this.after) return -1;
    return this.seen.find(({ shape }) => this.inPath(shape, x, y))?.stroke ?? -1;
  }

  /** The path of a stroke of another view, if it shows here. */
  seenPath(stroke: number): string | undefined {
    return this.seen.find((s) => s.stroke === stroke)?.path;
  }

  /** Draws the strokes of a view; `window` is the part of the picture that shows. */
  draw(strokes: Stroke[], view: string, window: Window): void {
    const { element, context } = this;
    const ratio = Math.min(globalThis.devicePixelRatio || 1, 2);
    const width = Math.max(1, Math.round(element.clientWidth * ratio));
    const height = Math.max(1, Math.round(element.clientHeight * ratio));
    if (element.width !== width || element.height !== height) {
      element.width = width;
      element.height = height;
    }
    const scale = width / window.width;
    context.resetTransform();
    context.globalCompositeOperation = "source-over";
    context.clearRect(0, 0, width, height);
    context.setTransform(scale, 0, 0, scale, -window.x * scale, -window.y * scale);
    context.lineCap = context.lineJoin = "round";
    strokes.forEach((stroke, i) => {
      if (i === this.after) this.drawSeen(strokes, 1 / scale);
      context.globalCompositeOperation = COMPOSED[stroke.mode];
      context.fillStyle = context.strokeStyle = colourOf(stroke.intensity);
      if (isFill(stroke)) {
        const path = this.paths.get(keyOf(stroke));
        if (path) context.fill(path, "evenodd");
      } else if (stroke.view === view) {
        this.line(stroke.points, stroke.radius);
      }
    });
    if (this.after >= strokes.length) this.drawSeen(strokes, 1 / scale);
    context.resetTransform();
    context.globalCompositeOperation = "destination-in";
    context.drawImage(this.mask(width, height, scale, window), 0, 0);
  }

  private drawSeen(strokes: Stroke[], pixel: number): void {
    const { context } = this;
    context.lineWidth = 2 * pixel; // no gap between neighbours
    for (const { stroke, shape } of this.seen) {
      const of = strokes[stroke];
      if (!of) continue;
      context.globalCompositeOperation = COMPOSED[of.mode];
      context.fillStyle = context.strokeStyle = colourOf(of.intensity);
      context.fill(shape, "evenodd");
      context.stroke(shape);
    }
  }

  private line(points: readonly (readonly number[])[], radius: number): void {
    const { context } = this;
    points.forEach((b, i) => {
      const a = points[Math.max(0, i - 1)]!;
      context.lineWidth = radius * ((a[2] ?? 1) + (b[2] ?? 1));
      context.beginPath();
      context.moveTo(a[0]!, a[1]!);
      // a line of no length still has round ends
      context.lineTo(b[0]!, b[1]! + (i ? 0 : 0.01));
      context.stroke();
    });
  }

  private mask(width: number, height: number, scale: number, window: Window): HTMLCanvasElement {
    const wanted = [width, height, scale, window.x, window.y].join();
    if (this.maskFor === wanted) return this.maskLayer;
    this.maskFor = wanted;
    this.maskLayer.width = width;
    this.maskLayer.height = height;
    const context = this.maskLayer.getContext("2d")!;
    context.setTransform(scale, 0, 0, scale, -window.x * scale, -window.y * scale);
    // neighbours leave hair-thin gaps between them
    context.lineWidth = 2 / scale;
    for (const path of this.paths.values()) {
      context.fill(path, "evenodd");
      context.stroke(path);
    }
    return this.maskLayer;
  }
}
