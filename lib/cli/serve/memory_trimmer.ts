/**
 * Returns memory to the system that the C library keeps after many connections have been closed.
 *
 * @module
 */

import { startThread } from "../../threads/start_thread.ts";
import { UnrefInterval } from "../../unref_interval.ts";

/** The interval of the checks, in milliseconds. */
const CHECK_MS = 30_000;

/**
 * How many bytes more than at the start the C library must hold before its memory is trimmed. For comparison, 150
 * watchers of a list of 12 MB leave 34 MB after they have disconnected.
 */
const SURPLUS_BYTES = 24 * 1024 * 1024;

/** The figures of `Deno.memoryUsage()` that the memory of the C library is computed from, in bytes. */
export type MemoryUsage = Pick<Deno.MemoryUsage, "rss" | "heapTotal" | "external">;

/** Whether the end of a worker trims memory: on Linux, since Deno 2.7.6 (https://github.com/denoland/deno/pull/32617). */
const CAN_TRIM = Deno.build.os === "linux" && !/^2\.([0-6]\.|7\.[0-5]$)/.test(Deno.version.deno);

/** The operations of a {@linkcode MemoryTrimmer} that tests replace. */
export interface MemoryTrimmerOptions {
  /** Returns the current memory usage. */
  readonly usage: () => MemoryUsage;
  /** Trims the memory of the C library. */
  readonly trim: () => void;
}

/**
 * Trims the memory of the C library every 30 s while it holds much more than at the start. glibc returns little freed
 * memory to the system: after 2,000 event streams had ended, a bare server still held all of the 118 MB that they had
 * used, and 22 MB after trimming. Trimming takes some 20 ms, in a worker.
 */
export class MemoryTrimmer implements Disposable {
  readonly #options: MemoryTrimmerOptions;
  readonly #startBytes: number;
  readonly #check: UnrefInterval = new UnrefInterval(() => this.#trimSurplus(), CHECK_MS);

  /** @param options how to read and trim memory */
  constructor(options: MemoryTrimmerOptions = { usage: Deno.memoryUsage, trim: trimMemory }) {
    this.#options = options;
    this.#startBytes = this.#heldBytes();
    this.#check.start();
  }

  [Symbol.dispose](): void {
    this.#check.stop();
  }

  #heldBytes(): number {
    const { rss, heapTotal, external } = this.#options.usage();
    return rss - heapTotal - external;
  }

  #trimSurplus(): void {
    if (this.#heldBytes() > this.#startBytes + SURPLUS_BYTES) this.#options.trim();
  }
}

/**
 * Starts a worker that ends at once: Deno calls `malloc_trim()` when a worker has ended, and has no other API for it.
 */
function trimMemory(): void {
  if (!CAN_TRIM) return;
  try {
    const worker = startThread(new URL("data:text/javascript,close()"), "taskscope-trim");
    // An error in the worker must not end the process.
    worker.onerror = (event) => event.preventDefault();
  } catch {
    // There are no free file descriptors for a worker; the next check tries again.
  }
}
