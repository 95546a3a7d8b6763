/**
 * Measures how much CPU and memory a command uses, at increasing intervals.
 *
 * @module
 */

import { monotonicMs } from "../../clock.ts";
import { ProcReader } from "./proc_reader.ts";
import { parseSample } from "./process_sample.ts";
import { type Usage, UsageMeter } from "./usage_meter.ts";

/** Options of a {@linkcode UsageSampler}. */
export interface UsageSamplerOptions {
  /** The text in the environment of the command's processes by which they are recognised. */
  readonly mark: string;
  /** Called with each measurement. */
  readonly onUsage: (usage: Usage) => void;
}

/** The interval between samples for each time since the command's start, both in milliseconds. */
const INTERVALS_MS: readonly (readonly [sinceMs: number, intervalMs: number])[] = [
  [60 * 60_000, 30_000],
  [2 * 60_000, 5_000],
  [0, 1_000],
];
/**
 * The minimum interval, as a multiple of the time that the last sample took, so that sampling never takes much CPU.
 */
const INTERVAL_PER_SAMPLE = 20;

/**
 * Measures a command on Linux until it is stopped; elsewhere, and if /proc can't be read, it does nothing. The first sample is
 * taken after a second, so that short commands are not slowed down.
 */
export class UsageSampler {
  /** Resolves once the sampler has stopped completely. Never rejects. */
  readonly done: Promise<void>;
  readonly #options: UsageSamplerOptions;
  /** The shell that reads /proc; `null` before the first sample. */
  #reader: ProcReader | null = null;
  #endPause: () => void = () => {};
  #isStopped = false;

  /**
   * Starts to measure.
   *
   * @param root the pid of the command
   * @param options the mark of the command, and the callback
   */
  constructor(root: number, options: UsageSamplerOptions) {
    this.#options = options;
    // The measurement is optional, so an error in it must not affect the command.
    this.done = canReadProc() ? this.#run(root).catch(() => {}) : Promise.resolve();
  }

  /** Ends the measurement; the callback is not called any more. */
  stop(): void {
    this.#isStopped = true;
    this.#endPause();
    // This makes a sample that is being taken reject.
    this.#reader?.end();
  }

  async #run(root: number): Promise<void> {
    const startMs = monotonicMs();
    await this.#pause(sampleInterval(0, 0));
    if (this.#isStopped) return;
    await using reader = this.#reader = new ProcReader(this.#options.mark);
    const meter = new UsageMeter(root);
    while (!this.#isStopped) {
      const beforeMs = monotonicMs();
      const usage = await measure(meter, reader);
      if (this.#isStopped) return;
      if (usage !== null) this.#options.onUsage(usage);
      const nowMs = monotonicMs();
      await this.#pause(sampleInterval(nowMs - startMs, nowMs - beforeMs));
    }
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#endPause = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }
}

/**
 * Returns the time until the next sample.
 *
 * @param sinceMs the time since the start of the command, in milliseconds
 * @param tookMs the time that the last sample took, in milliseconds
 * @returns the interval, in milliseconds
 */
export function sampleInterval(sinceMs: number, tookMs: number): number {
  const [, intervalMs] = INTERVALS_MS.find(([fromMs]) => sinceMs >= fromMs)!;
  return Math.max(intervalMs, INTERVAL_PER_SAMPLE * tookMs);
}

async function measure(meter: UsageMeter, reader: ProcReader): Promise<Usage | null> {
  const sample = parseSample(await reader.readAll());
  if (sample === null) return null;
  const strangers = meter.strangers(sample, ({ pid, parent }) => pid === reader.pid || parent === reader.pid);
  return meter.measure(sample, await reader.findMarked(strangers));
}

/** Returns whether this is Linux, and Deno may start a shell without prompting the user. */
function canReadProc(): boolean {
  if (Deno.build.os !== "linux") return false;
  return Deno.permissions.querySync({ name: "run", command: "sh" }).state === "granted";
}
