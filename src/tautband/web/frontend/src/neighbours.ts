/** Where an arrow key leads. */

function middle(path: SVGGraphicsElement): [number, number] {
  const box = path.getBBox();
  return [box.x + box.width / 2, box.y + box.height / 2];
}

/** The region next to one in a direction: near, and not far off that direction. */
export function nearest(
  from: SVGGraphicsElement,
  paths: SVGGraphicsElement[],
  dx: number,
  dy: number,
): SVGGraphicsElement | null {
  const [x, y] = middle(from);
  let best: SVGGraphicsElement | null = null;
  let least = Infinity;
  for (const path of paths) {
    const [px, py] = middle(path);
    const along = (px - x) * dx + (py - y) * dy;
    const across = Math.abs((px - x) * dy) + Math.abs((py - y) * dx);
    if (path === from || along <= 0 || across > 2 * along + 1) continue;
    if (along + 2 * across < least) {
      least = along + 2 * across;
      best = path;
    }
  }
  return best;
}
