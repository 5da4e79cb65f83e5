/** Which part of a picture shows, and how zooming and moving change it. */

export interface Spot {
  x: number;
  y: number;
}

/** The middle of two fingers and how far they are apart, on the screen. */
export interface Fingers extends Spot {
  distance: number;
}

/** The part that shows, in units of the view; its height follows from the view's shape. */
export interface Window extends Spot {
  width: number;
}

interface Picture {
  width: number;
  height: number;
}

const MAX_ZOOM = 8;

const between = (low: number, value: number, high: number): number => Math.min(Math.max(low, value), high);

/** The window kept inside the picture. */
export function held({ x, y, width }: Window, picture: Picture): Window {
  const height = (width * picture.height) / picture.width;
  return { x: between(0, x, picture.width - width), y: between(0, y, picture.height - height), width };
}

/** Zoomed about a spot of the view, by default the middle of the window; a factor of 0 shows everything. */
export function zoomed(window: Window, factor: number, picture: Picture, about?: Spot): Window {
  const ratio = picture.height / picture.width;
  const spot = about ?? { x: window.x + window.width / 2, y: window.y + (window.width * ratio) / 2 };
  const width = factor ? between(picture.width / MAX_ZOOM, window.width / factor, picture.width) : picture.width;
  const scale = width / window.width;
  return held({ x: spot.x - (spot.x - window.x) * scale, y: spot.y - (spot.y - window.y) * scale, width }, picture);
}

/** Moved and zoomed so that what lay between two fingers stays between them; `box` is the picture on the screen. */
export function pinched(before: Window, from: Fingers, to: Fingers, box: DOMRect, picture: Picture): Window {
  const width = between(picture.width / MAX_ZOOM, (before.width * from.distance) / to.distance, picture.width);
  const x = before.x + ((from.x - box.left) * before.width) / box.width - ((to.x - box.left) * width) / box.width;
  const y = before.y + ((from.y - box.top) * before.width) / box.width - ((to.y - box.top) * width) / box.width;
  return held({ x, y, width }, picture);
}
