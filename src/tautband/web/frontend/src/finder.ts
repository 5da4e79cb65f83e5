/** The list beside the picture: what is painted, or what a search finds, with a button per side. */

import { painter as words } from "../../words.json";
import { fill, make } from "./dom";
import { NamedPlace, Place, keyOf } from "./types";

const SHOWN = 12; // hits of a search

/** What the list needs to know of the drawing. */
export interface Known {
  isPainted(place: Place): boolean;
  ratingText(place: Place): string;
  toggle(place: Place): void;
}

export function nameOf(place: Place, places: NamedPlace[]): string {
  const region = places.find((p) => keyOf(p) === keyOf(place))?.label ?? place.region;
  return fill(words.place, { region, side: words.sides[place.side] });
}

/** Fills the list anew; the button that had the focus keeps it. */
export function showPlaces(
  ui: { search: HTMLInputElement; list: HTMLUListElement; heading: HTMLHeadingElement },
  places: NamedPlace[],
  known: Known,
): void {
  const { search, list, heading } = ui;
  const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (p: NamedPlace): string => [p.label, p.side, ...p.names].join(" ").toLowerCase();
  const hits = places.filter(terms.length ? (p) => terms.every((t) => text(p).includes(t)) : (p) => known.isPainted(p));
  const byRegion = new Map<string, NamedPlace[]>();
  for (const p of hits) byRegion.set(p.region, [...(byRegion.get(p.region) ?? []), p]);
  const rows = [...byRegion.values()].slice(0, terms.length ? SHOWN : Infinity);
  heading.textContent = terms.length ? "" : words.painted;
  heading.hidden = !!terms.length;
  const active = (list.getRootNode() as ShadowRoot).activeElement as HTMLElement | null;
  const focus = list.contains(active) ? active!.dataset.key : undefined;
  list.replaceChildren(...rows.map((row) => item(row, known)));
  if (!rows.length) list.append(make("li", { className: "quiet" }, terms.length ? words.noMatch : words.nothingPainted));
  if (byRegion.size > rows.length) {
    list.append(make("li", { className: "quiet" }, fill(words.more, { n: byRegion.size - rows.length })));
  }
  if (focus) [...list.querySelectorAll("button")].find((b) => b.dataset.key === focus)?.focus();
}

function item(places: NamedPlace[], known: Known): HTMLLIElement {
  const buttons = places.map((place) =>
    make(
      "button",
      {
        type: "button",
        "data-key": keyOf(place),
        "aria-pressed": known.isPainted(place),
        "aria-label": fill(words.place, { region: place.label, side: words.sides[place.side] }),
        onclick: () => known.toggle(place),
      },
      words.sides[place.side],
    ),
  );
  return make(
    "li",
    {},
    make("span", {}, places[0]!.label, make("small", {}, ratings(places, known))),
    make("span", { className: "sides" }, ...buttons),
  );
}

function ratings(places: NamedPlace[], known: Known): string {
  const texts = places.map((p) => ({ side: words.sides[p.side], text: known.ratingText(p) })).filter((t) => t.text);
  return texts.length > 1 ? texts.map((t) => `${t.side} ${t.text}`).join("; ") : (texts[0]?.text ?? "");
}
