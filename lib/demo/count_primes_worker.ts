/**
 * The worker of `count_primes`: receives a bound and posts {@linkcode WorkerMessage}s.
 *
 * @module
 */

import { countPrimesBelow } from "./primes.ts";
import type { WorkerMessage } from "./worker_call.ts";

const PROGRESS_INTERVAL_MS = 100;

self.onmessage = ({ data }: MessageEvent<number>) => {
  let reportedMs = performance.now();
  const primes = countPrimesBelow(data, (done) => {
    const now = performance.now();
    if (now - reportedMs < PROGRESS_INTERVAL_MS) return;
    reportedMs = now;
    post({ type: "progress", done });
  });
  post({ type: "answer", answer: primes });
};

function post(message: WorkerMessage): void {
  self.postMessage(message);
}
