/** What the painter reads and what it gives: the drawing of `tautband.case/1` and the views to paint on. */

export type Side = "left" | "right" | "midline";
export type Point = [number, number] | [number, number, number];

export interface Rating {
  intensity?: number;
  quality?: string[];
}

export interface BrushStroke extends Rating {
  mode: "paint" | "erase";
  view: string;
  points: Point[];
  radius: number;
}

export interface Fill extends Rating {
  mode: "paint" | "erase";
  region: string;
  side: Side;
}

export type Stroke = BrushStroke | Fill;

export interface Drawing {
  body: string;
  shape: string;
  strokes: Stroke[];
}

/** What shows of a stroke in a view that it was not painted in: its index, and an SVG path in that view. */
export interface SeenStroke {
  stroke: number;
  path: string;
}

export interface Place {
  region: string;
  side: Side;
}

/** A place with the share of it that is painted, as a server or a library resolved it. */
export interface Covered extends Place {
  share: number;
  intensity?: number | null;
  quality?: string[];
}

export interface NamedPlace extends Place {
  label: string;
  names: string[];
}

/** `SRC.json`: the body, its views and the names of its regions. */
export interface BodyIndex {
  body: string;
  shape: string;
  views: { id: string; label: string; whole: boolean }[];
  places: NamedPlace[];
}

/** `SRC/VIEW.json`: one view. */
export interface ViewData {
  id: string;
  label: string;
  shape: string;
  width: number;
  height: number;
  units_per_cm: number;
  art: string;
  regions: (Place & { path: string })[];
}

export const isFill = (stroke: Stroke): stroke is Fill => "region" in stroke;

export const keyOf = (place: Place): string => `${place.region}/${place.side}`;

export const placeOf = (key: string): Place => {
  const [region, side] = key.split("/") as [string, Side];
  return { region, side };
};
