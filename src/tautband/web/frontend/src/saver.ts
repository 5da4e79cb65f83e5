/** Saves soon after a change, several changes together, and at once when asked to. */

import { painter as words } from "../../words.json";

const AUTOSAVE_MS = 400;

export class Saver {
  private timer = 0;

  /** `save` gives nothing when there is nobody to save to; `tell` hears how it went. */
  constructor(
    private readonly save: () => Promise<void> | null,
    private readonly tell: (text: string) => void,
  ) {}

  soon(): void {
    clearTimeout(this.timer);
    this.timer = globalThis.setTimeout(() => this.now(), AUTOSAVE_MS);
  }

  /** Saves what has changed since the last time, if anything has. */
  now(): void {
    if (!this.timer) return;
    clearTimeout(this.timer);
    this.timer = 0;
    const saving = this.save();
    if (!saving) return;
    this.tell(words.saving);
    saving.then(
      () => this.tell(words.saved),
      () => this.tell(words.notSaved),
    );
  }
}
