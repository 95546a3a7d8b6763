/**
 * Returns memory to the system that the C library keeps after many connections have ended.
 *
 * @module
 */

import { startThread } from "../../threads/start_thread.ts";
import { UnrefInterval } from "../../unref_interval.ts";

/** The interval of the checks, in milliseconds. */
const CHECK_MS = 30_000;

/**
 * How much more than after the start the C library must hold to be trimmed, in bytes: 150 watchers of a list of 12 MB,
 * which are gone, leave 34 MB.
 */
const SURPLUS_BYTES = 24 * 1024 * 1024;

/** The figures of `Deno.memoryUsage()` that the memory of the C library is computed from, in bytes. */
export type MemoryUsage = Pick<Deno.MemoryUsage, "rss" | "heapTotal" | "external">;

/** Whether the end of a worker trims memory: on Linux, since Deno 2.7.6 (https://github.com/denoland/deno/pull/32617). */
const CAN_TRIM = Deno.build.os === "linux" && !/^2\.([0-6]\.|7\.[0-5]$)/.test(Deno.version.deno);

/** What a {@linkcode MemoryTrimmer} reads and does; replaced in tests. */
export interface MemoryTrimmerOptions {
  /** Returns the present use of memory. */
  readonly usage: () => MemoryUsage;
  /** Trims the memory of the C library. */
  readonly trim: () => void;
}

/**
 * Trims the memory of the C library every 30 s while it holds much more than at the start. glibc returns little of what
 * was freed: after 2,000 event streams had ended, a bare server still held all of the 118 MB that they took, and 22 MB once
 * it was trimmed. The worker takes some 20 ms.
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

/** Starts a worker that ends at once: Deno calls `malloc_trim()` when a worker has ended, and offers no other way to. */
function trimMemory(): void {
  if (!CAN_TRIM) return;
  try {
    const worker = startThread(new URL("data:text/javascript,close()"), "taskscope-trim");
    // An error in the worker must not end the process.
    worker.onerror = (event) => event.preventDefault();
  } catch {
    // No descriptors are left for a worker; the next check tries again.
  }
}
