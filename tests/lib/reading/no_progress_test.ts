import { assertEquals } from "../../support/assert.ts";
import { progressOf } from "../../support/reading.ts";

/** Output with numbers that say nothing about progress, by what they are. */
const OUTPUTS: Readonly<Record<string, readonly string[]>> = {
  dates: [
    "[03/17 10:11:12] starting",
    "[03/17 10:11:13] reading",
    "[03/17 10:11:14] done",
    "as of 11/29/2026",
    "12/2026",
  ],
  "times and ports": ["10:11:12 listening on 127.0.0.1:8000", "took 3/10 s", "0:12/3:40 played"],
  versions: ["gcc 12/13 compatible", "Python 3.11/3.12", "HTTP/1.1 200", "v1.2/3 and v1.3/3"],
  coverage: [
    "Statements   : 85.41% ( 123/144 )",
    "Branches     : 66.66% ( 20/30 )",
    "Lines        : 85.41% ( 123/144 )",
  ],
  "coverage of Python": [
    "src/a.py     120      3    98%",
    "src/b.py     220     63    71%",
    "TOTAL        340     66    81%",
  ],
  retries: [
    "Download failed, attempt 3/5",
    "Retrying (1/3)...",
    "Retry 2 of 3 in 5 s",
    "attempt 1 of 5 failed: reset",
  ],
  prose: [
    "Using 4 of 16 CPU cores",
    "Found 2 of 3 replicas healthy",
    "1 of 2 checks failed",
    "showing 10 of 250 results",
    "5 of 10 connections in use",
  ],
  percentiles: [
    "  50%     12",
    "  66%     13",
    "  99%     30",
    " 100%     45 (longest request)",
    "  50% in 0.0123 secs",
  ],
  summaries: [
    "99% tests passed, 1 tests failed out of 120",
    "100% of 120 tests passed",
    "Tests: 3 passed, 10 total",
  ],
  offers: ["80% of budget used", "30% off everything", "50% chance"],
  "graphics cards": ["| 30%   45C    P2    70W / 250W |   1234MiB /  8192MiB |     42%      Default |"],
  "disk and memory": [
    "/dev/sda1   98G   42G   52G  45% /",
    "Mem: 3.2/16 GB",
    "Memory usage: 42%",
    "CPU: 12.5%",
  ],
  battery: [
    "Battery 0: Discharging, 42%, 02:10:00 remaining",
    "Battery 0: Discharging, 41%, 02:09:00 remaining",
  ],
  ratios: ["a.txt: 42.0% -- replaced with a.gz", "deflated 63%", "stored 0%", "compression ratio 3/1"],
  scores: ["accuracy 91.2%", "accuracy 92.4%", "accuracy 93.1%", "loss 42%", "precision: 0.91, recall: 42%"],
  packets: ["3 packets transmitted, 3 received, 0% packet loss, time 2003ms"],
  paths: ["src/3/17/a.txt", "a/3/17", "file 3/4.txt opened", "refs/pull/3/17"],
};

for (const [kind, lines] of Object.entries(OUTPUTS)) {
  Deno.test(`ProgressReader reads no progress from ${kind}`, () => {
    assertEquals(progressOf(lines), []);
    for (const line of lines) assertEquals(progressOf([line]), [], line);
  });
}
