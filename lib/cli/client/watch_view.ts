/**
 * Displays watched tasks: redraws them in place on a terminal, and prints lines elsewhere.
 *
 * @module
 */

import { now } from "../../clock.ts";
import { formatClock } from "../../text/format.ts";
import type { Task } from "../../task/task.ts";
import { hasEnded } from "../../task/task_view.ts";
import { fitText, plainText } from "../../text/terminal_text.ts";
import { textBars } from "../../text/text_bars.ts";
import { LiveRegion } from "./live_region.ts";
import { note, outputWidth, type TerminalSize, writeLine } from "../terminal.ts";

/** Displays watched tasks. Disposing of the view flushes pending output. */
export interface WatchView extends Disposable {
  /**
   * The number of seconds to add to the clock of this machine to get the server's clock, which displayed durations
   * are based on.
   */
  clockOffset: number;
  /**
   * Displays a change.
   *
   * @param milestones the tasks that reached a milestone
   * @param live all tasks that have not ended
   */
  show(milestones: readonly Task[], live: readonly Task[]): void;
  /** Displays that the connection is lost and being retried. */
  lost(reason: string): void;
}

/** Prints a line with the time for each milestone, and reports lost connections on stderr. */
export class LineView implements WatchView {
  clockOffset = 0;
  readonly #hasIds: boolean;
  #isLost = false;

  /** @param hasIds whether lines begin with the task's id, because several tasks may have the same name */
  constructor(hasIds: boolean) {
    this.#hasIds = hasIds;
  }

  show(milestones: readonly Task[]): void {
    if (this.#isLost) note("Reconnected to the server");
    this.#isLost = false;
    const serverNow = now() + this.clockOffset;
    const clock = `${formatClock(serverNow, true)}  `;
    const options = { width: outputWidth() - clock.length, now: serverNow, hasIds: this.#hasIds };
    const lines = textBars(milestones, options);
    for (const line of lines) writeLine(clock + line);
  }

  lost(reason: string): void {
    if (!this.#isLost) note(`${reason}; retrying`);
    this.#isLost = true;
  }

  [Symbol.dispose](): void {
    // Nothing is pending, because every line is written at once.
  }
}

/** The shortest time between two redraws, in milliseconds. */
const FRAME_MS = 100;
/** The longest time between two redraws, in milliseconds: displayed durations change every second. */
const TICK_MS = 1_000;

/** Options of a {@linkcode TerminalView}. */
export interface TerminalViewOptions {
  readonly write: (text: string) => void;
  readonly size: () => TerminalSize;
  readonly color: boolean;
}

/** Redraws tasks that have not ended in place; when a task ends, its line stays above them. */
export class TerminalView implements WatchView {
  clockOffset = 0;
  readonly #options: TerminalViewOptions;
  readonly #region: LiveRegion;
  #ended: readonly Task[] = [];
  #live: readonly Task[] = [];
  #lostReason: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #drawnMs = -Infinity;

  /** @param options the terminal */
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

  /** Draws the last frame, which stays on the terminal. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    // The last frame has no status lines, because no update will follow.
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
    // The last column stays free, because terminals differ in when they wrap a full line.
    const options = { width: columns - 1, now: now() + this.clockOffset, color: this.#options.color };
    const status = isLast ? [] : this.#status();
    // The last row stays free for the cursor.
    const room = Math.max(0, rows - 1 - status.length);
    const shown = this.#live.length > room ? Math.max(0, room - 1) : this.#live.length;
    const more = this.#live.length > room ? [`… and ${this.#live.length - shown} more`] : [];
    const bars = textBars([...this.#ended, ...this.#live.slice(0, shown)], options);
    const lines = [...more, ...status].map((line) => fitText(plainText(line), options.width));
    this.#region.draw([...bars.slice(this.#ended.length), ...lines], bars.slice(0, this.#ended.length));
    this.#ended = [];
    if (!isLast) this.#timer = setTimeout(() => this.#draw(false), TICK_MS);
  }

  #status(): string[] {
    if (this.#lostReason !== null) return [`${this.#lostReason}; retrying`];
    return this.#live.length === 0 ? ["No running tasks; press Ctrl-C to exit"] : [];
  }
}
