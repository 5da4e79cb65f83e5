/** What fingers, pens and mice do on the picture: paint, tap, move it, pinch it. */

import { Fingers, Spot } from "./window";

const TAP_PIXELS = 6; // a hand trembles by so much

/** What becomes of a gesture. */
export interface Acts {
  /** Whether one pointer paints; otherwise it moves the picture, or taps. */
  paints(): boolean;
  begin(e: PointerEvent): void;
  extend(events: PointerEvent[]): void;
  finish(): void;
  /** The stroke begun is none. */
  abandon(): void;
  tap(e: PointerEvent): void;
  /** By so many pixels of the screen. */
  pan(dx: number, dy: number): void;
  pinchStart(): void;
  pinch(from: Fingers, to: Fingers): void;
  hover(e: PointerEvent | null): void;
  zoom(factor: number, e: WheelEvent): void;
}

export class Gestures {
  private readonly pointers = new Map<number, Spot>();
  private painting = false;
  private fingers: Fingers | null = null;
  private drag: { x: number; y: number; moved: boolean } | null = null;

  constructor(
    private readonly stage: HTMLElement,
    private readonly on: Acts,
  ) {
    stage.addEventListener("pointerdown", (e) => this.down(e));
    stage.addEventListener("pointermove", (e) => this.move(e));
    stage.addEventListener("pointerup", (e) => this.up(e));
    stage.addEventListener("pointercancel", (e) => this.cancel(e));
    stage.addEventListener("pointerleave", () => on.hover(null));
    stage.addEventListener("wheel", (e) => this.wheel(e), { passive: false });
    stage.addEventListener("contextmenu", (e) => e.preventDefault());
  }

  /** Forgets whatever was under way. */
  reset(): void {
    this.pointers.clear();
    this.painting = false;
    this.fingers = null;
    this.drag = null;
  }

  private down(e: PointerEvent): void {
    if (e.pointerType === "mouse" && e.button !== 0) return;
    this.stage.setPointerCapture(e.pointerId);
    this.pointers.set(e.pointerId, { x: e.clientX, y: e.clientY });
    if (this.pointers.size === 2) {
      // two fingers move the picture, they do not paint
      this.painting = false;
      this.drag = null;
      this.on.abandon();
      this.fingers = this.between();
      this.on.pinchStart();
    } else if (this.pointers.size === 1) {
      this.painting = this.on.paints();
      if (this.painting) this.on.begin(e);
      else this.drag = { x: e.clientX, y: e.clientY, moved: false };
    }
  }

  private move(e: PointerEvent): void {
    this.on.hover(e);
    const before = this.pointers.get(e.pointerId);
    if (!before) return;
    this.pointers.set(e.pointerId, { x: e.clientX, y: e.clientY });
    if (this.fingers && this.pointers.size >= 2) {
      this.on.pinch(this.fingers, this.between());
    } else if (this.painting) {
      const events = e.getCoalescedEvents?.() ?? [];
      this.on.extend(events.length ? events : [e]);
    } else if (this.drag) {
      if (Math.hypot(e.clientX - this.drag.x, e.clientY - this.drag.y) > TAP_PIXELS) this.drag.moved = true;
      if (this.drag.moved) this.on.pan(e.clientX - before.x, e.clientY - before.y);
    }
  }

  private up(e: PointerEvent): void {
    if (!this.pointers.delete(e.pointerId)) return;
    if (this.fingers) {
      if (this.pointers.size < 2) this.fingers = null;
    } else if (this.painting) {
      this.painting = false;
      this.on.finish();
    } else if (this.drag && !this.drag.moved) {
      this.on.tap(e);
    }
    this.drag = null;
  }

  private cancel(e: PointerEvent): void {
    this.pointers.delete(e.pointerId);
    this.painting = false;
    this.fingers = null;
    this.drag = null;
    this.on.abandon();
  }

  private wheel(e: WheelEvent): void {
    if (!e.ctrlKey && !e.metaKey) return; // a plain wheel scrolls the page
    e.preventDefault();
    this.on.zoom(Math.exp(-e.deltaY / 300), e);
  }

  private between(): Fingers {
    const [a, b] = [...this.pointers.values()] as [Spot, Spot];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, distance: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)) };
  }
}
