/**
 * The two ways to show tasks that are watched: in place on a terminal, and line by line elsewhere.
 *
 * @module
 */

import { formatClock } from "../../text/format.ts";
import type { Task } from "../../task/task.ts";
import { hasEnded } from "../../task/task_view.ts";
import { fitText, plainText } from "../../text/terminal_text.ts";
import { textBars } from "../../text/text_bars.ts";
import { LiveRegion } from "./live_region.ts";
import { note, outputWidth, type TerminalSize, writeLine } from "../terminal.ts";

/** Shows tasks that are watched. When it is disposed of, everything is shown. */
export interface WatchView extends Disposable {
  /** Shows what changed: tasks of which it is worth a line, and those that have not ended. */
  show(milestones: readonly Task[], live: readonly Task[]): void;
  /** Shows that the server is gone, and is being looked for. */
  lost(reason: string): void;
}

/** Prints a line for each milestone, with the time, and says of lost servers beside it. */
export class LineView implements WatchView {
  #isLost = false;

  show(milestones: readonly Task[]): void {
    if (this.#isLost) note("the server is back");
    this.#isLost = false;
    const now = Date.now() / 1_000;
    const clock = `${formatClock(now, true)}  `;
    const lines = textBars(milestones, { width: outputWidth() - clock.length, now });
    for (const line of lines) writeLine(clock + line);
  }

  lost(reason: string): void {
    if (!this.#isLost) note(`${reason}; trying again`);
    this.#isLost = true;
  }

  [Symbol.dispose](): void {
    // Everything is written.
  }
}

/** Least time between two frames, in milliseconds, and most: durations go on. */
const FRAME_MS = 100;
const TICK_MS = 1_000;

/** What a {@linkcode TerminalView} draws with. */
export interface TerminalViewOptions {
  readonly write: (text: string) => void;
  readonly size: () => TerminalSize;
  readonly color: boolean;
}

/** Draws the tasks that have not ended in place; what has ended stays above them. */
export class TerminalView implements WatchView {
  readonly #options: TerminalViewOptions;
  readonly #region: LiveRegion;
  #ended: readonly Task[] = [];
  #live: readonly Task[] = [];
  #lostReason: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #drawnMs = -Infinity;

  /** @param options what it draws with */
  constructor(options: TerminalViewOptions) {
    this.#options = options;
    this.#region = new LiveRegion(options.write, options.size);
  }

  show(milestones: readonly Task[], live: readonly Task[]): void {
    this.#ended = [...this.#ended, ...milestones.filter(hasEnded)];
    this.#live = live;
    this.#lostReason = null;
    this.#drawSoon();
  }

  lost(reason: string): void {
    this.#lostReason = reason;
    this.#drawSoon();
  }

  /** Leaves the terminal as it is to be found. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    // Nothing is to come any more, so nothing is to be said about what may come.
    if (this.#drawnMs > -Infinity || this.#ended.length > 0) this.#draw(true);
  }

  #drawSoon(): void {
    clearTimeout(this.#timer);
    const waitMs = this.#drawnMs + FRAME_MS - performance.now();
    if (waitMs <= 0) this.#draw(false);
    else this.#timer = setTimeout(() => this.#draw(false), waitMs);
  }

  #draw(isLast: boolean): void {
    clearTimeout(this.#timer);
    this.#drawnMs = performance.now();
    const { columns, rows } = this.#options.size();
    // The last column stays free: what a terminal does when it is written to differs.
    const options = { width: columns - 1, now: Date.now() / 1_000, color: this.#options.color };
    const words = isLast ? [] : this.#words();
    // And so does the last row, where the cursor is.
    const room = Math.max(0, rows - 1 - words.length);
    const shown = this.#live.length > room ? Math.max(0, room - 1) : this.#live.length;
    const more = this.#live.length > room ? [`… and ${this.#live.length - shown} more`] : [];
    const bars = textBars([...this.#ended, ...this.#live.slice(0, shown)], options);
    const lines = [...more, ...words].map((line) => fitText(plainText(line), options.width));
    this.#region.draw([...bars.slice(this.#ended.length), ...lines], bars.slice(0, this.#ended.length));
    this.#ended = [];
    if (!isLast) this.#timer = setTimeout(() => this.#draw(false), TICK_MS);
  }

  #words(): string[] {
    if (this.#lostReason !== null) return [`${this.#lostReason}; trying again`];
    return this.#live.length === 0 ? ["No task runs; Ctrl-C ends this"] : [];
  }
}
