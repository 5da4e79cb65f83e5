/** Pure work on strokes: what is filled, what lies under a point, which strokes make one area. */

import { BrushStroke, Fill, Place, Point, Rating, Stroke, isFill, keyOf } from "./types";

export const MAX_STROKES = 1000;
export const MAX_POINTS = 50_000;

/** Coordinates are kept to an eighth of a unit, as the body reads them. */
export const eighth = (value: number): number => Math.round(value * 8) / 8;

export const countPoints = (strokes: Stroke[]): number =>
  strokes.reduce((sum, s) => sum + (isFill(s) ? 0 : s.points.length), 0);

/** Whether a region is filled as a whole, by the last fill of it; undefined when none was. */
export function filled(strokes: Stroke[], place: Place): Fill | undefined {
  const last = strokes.findLast((s): s is Fill => isFill(s) && keyOf(s) === keyOf(place));
  return last?.mode === "paint" ? last : undefined;
}

/** The strokes with a region painted, or with it cleared. */
export function withRegion(strokes: Stroke[], place: Place, on: boolean, rating: Rating): Stroke[] {
  const rest = strokes.filter((s) => !(isFill(s) && keyOf(s) === keyOf(place)));
  if (on) return [...rest, { mode: "paint", region: place.region, side: place.side, ...rating }];
  // without brush strokes there is nothing left to clear
  return rest.some((s) => !isFill(s)) ? [...rest, { mode: "erase", region: place.region, side: place.side }] : rest;
}

const pressureOf = (p: Point): number => p[2] ?? 1;

/** Squared distance of a point from a segment. */
function fromSegment(x: number, y: number, a: Point, b: Point): number {
  const dx = b[0] - a[0];
  const dy = b[1] - a[1];
  const length2 = dx * dx + dy * dy;
  const t = length2 ? Math.min(1, Math.max(0, ((x - a[0]) * dx + (y - a[1]) * dy) / length2)) : 0;
  return (x - a[0] - t * dx) ** 2 + (y - a[1] - t * dy) ** 2;
}

/** Whether a point lies under a brush stroke, widened by `reach`. */
export function under(stroke: BrushStroke, x: number, y: number, reach = 0): boolean {
  return stroke.points.some((b, i) => {
    const a = stroke.points[Math.max(0, i - 1)]!;
    const radius = stroke.radius * Math.max(pressureOf(a), pressureOf(b)) + reach;
    return fromSegment(x, y, a, b) <= radius * radius;
  });
}

/** The index of the topmost paint at a point, or -1; `inRegion` tells whether the point lies in a region. */
export function topmost(
  strokes: Stroke[],
  view: string,
  x: number,
  y: number,
  inRegion: (place: Place) => boolean,
): number {
  const i = strokes.findLastIndex((s) => (isFill(s) ? inRegion(s) : s.view === view && under(s, x, y)));
  return i >= 0 && strokes[i]!.mode === "paint" ? i : -1;
}

/** The indices of the strokes that touch each other on one view and so make one area with the given one. */
export function areaOf(strokes: Stroke[], start: number): Set<number> {
  const area = new Set([start]);
  const waiting = [start];
  while (waiting.length) {
    const one = strokes[waiting.pop()!]!;
    if (isFill(one)) continue;
    strokes.forEach((other, i) => {
      if (area.has(i) || isFill(other) || other.mode === "erase" || other.view !== one.view) return;
      if (other.points.some(([x, y]) => under(one, x, y, other.radius))) {
        area.add(i);
        waiting.push(i);
      }
    });
  }
  return area;
}

/** The strokes with some of them rated anew. */
export function rated(strokes: Stroke[], which: Set<number>, rating: Rating): Stroke[] {
  return strokes.map((stroke, i) => {
    if (!which.has(i)) return stroke;
    const { intensity: _i, quality: _q, ...bare } = stroke;
    return { ...bare, ...rating } as Stroke;
  });
}
