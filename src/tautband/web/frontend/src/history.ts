/** The strokes with what was before and after them. */

import { MAX_POINTS, MAX_STROKES, countPoints } from "./strokes";
import { Stroke } from "./types";

const STEPS = 200;

export class History {
  private past: Stroke[][] = [];
  private future: Stroke[][] = [];

  constructor(private now: Stroke[] = []) {}

  /** Never changed in place, so that the same array means the same drawing. */
  get strokes(): Stroke[] {
    return this.now;
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  /** Takes the next state; false if it is more than a drawing may hold. */
  commit(strokes: Stroke[]): boolean {
    if (strokes.length > MAX_STROKES || countPoints(strokes) > MAX_POINTS) return false;
    this.past = [...this.past, this.now].slice(-STEPS);
    this.future = [];
    this.now = strokes;
    return true;
  }

  undo(): boolean {
    return this.step(this.past, this.future);
  }

  redo(): boolean {
    return this.step(this.future, this.past);
  }

  private step(from: Stroke[][], to: Stroke[][]): boolean {
    const strokes = from.pop();
    if (!strokes) return false;
    to.push(this.now);
    this.now = strokes;
    return true;
  }
}
