/**
 * Reports output that leads to no other report as a sign of life.
 *
 * @module
 */

import { monotonicMs } from "../../clock.ts";

/** The share of the time without output after which the task becomes stale that may pass without a report. */
const SHARE = 1 / 3;
/** The maximum time between output and the report of it, in milliseconds. */
const MAX_INTERVAL_MS = 10 * 60_000;

/**
 * The heartbeat of a task that is marked as stale if its command writes nothing for too long. Output leads to a report
 * only if it completes a line or changes the progress; other output, such as a bar that is redrawn unchanged, leads to
 * a heartbeat instead.
 */
export class OutputHeartbeat {
  /** The minimum time between two heartbeats, in milliseconds; `null` if the task never becomes stale. */
  readonly #intervalMs: number | null;
  readonly #onBeat: () => void;
  #reportedMs = monotonicMs();
  /** Whether the command has written output since the last report. */
  #isDue = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param staleAfter the time without a report after which the task becomes stale, in seconds; `null` if it never does
   * @param onBeat called to report a sign of life
   */
  constructor(staleAfter: number | null, onBeat: () => void) {
    this.#intervalMs = staleAfter === null ? null : Math.min(staleAfter * 1_000 * SHARE, MAX_INTERVAL_MS);
    this.#onBeat = onBeat;
  }

  /** Records that the command has written output. Call this method before the output is reported. */
  wrote(): void {
    if (this.#intervalMs === null) return;
    this.#isDue = true;
    this.#wait(this.#intervalMs);
  }

  /** Records that a sign of life was reported. */
  reported(): void {
    if (this.#intervalMs === null) return;
    this.#isDue = false;
    this.#reportedMs = monotonicMs();
  }

  /** Stops the heartbeat, because the task has ended. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(intervalMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (!this.#isDue) return;
      // The timer is not cleared on every report, because there may be thousands of log lines per second.
      if (monotonicMs() - this.#reportedMs < intervalMs) return this.#wait(intervalMs);
      this.reported();
      this.#onBeat();
    }, Math.max(0, this.#reportedMs + intervalMs - monotonicMs()));
  }
}
