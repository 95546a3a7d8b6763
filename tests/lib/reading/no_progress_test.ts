import { assertEquals } from "../../support/assert.ts";
import { progressOf } from "../../support/reading.ts";
import { play, readRecording } from "../../support/recordings.ts";

/** Output whose numbers say nothing about progress, by the meaning of the numbers. */
const OUTPUTS: Readonly<Record<string, readonly string[]>> = {
  dates: [
    "[03/17 10:11:12] starting",
    "[03/17 10:11:13] reading",
    "[03/17 10:11:14] done",
    "as of 11/29/2026",
    "12/2026",
  ],
  "times and ports": ["10:11:12 listening on 127.0.0.1:8000", "took 3/10 s", "0:12/3:40 played"],
  "versions that rise": ["release 3.1/12", "release 3.2/12", "release 3.3/12", "release 3.4/12"],
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
  "summaries of tables": [
    "   1  t0        0.00%    passed     95.05%",
    "****  TOTAL     0.00%  12 sequences failed composition test",
  ],
  "what is available": ["usage:   10 TiB / 11 TiB avail", "usage:   9 TiB / 11 TiB avail"],
  "lists of values": [
    "#3\tpulse  cov: 6 ft: 18 corp: 3/20b lim: 4 exec/s: 1 rss: 28Mb L: 3/9 MS: 1",
    "cov: 6 ft: 18 lim: 4 rss: 28 L: 4/9",
    "cov: 6 ft: 18 lim: 4 rss: 28 L: 5/9",
    "cov: 6 ft: 18 lim: 4 rss: 28 L: 6/9",
  ],
  "levels in JSON": [
    '{"level":"info","cpu":{"percent":12.5},"mem":{"percent":40}}',
    '{"level":"info","cpu":{"percent":22.5},"mem":{"percent":41}}',
    '{"metric":"memory","percent":42}',
    '{"metric":"memory","percent":43}',
  ],
  "packages that were only found": [
    "Found 40 packages",
    "Installing zlib (1.3)",
    "Installing curl (8.5)",
    "Installing jq (1.7)",
    "Installing git (2.43)",
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
  "packets sent again": [1, 2, 3, 4].map((n) =>
    `bytes= ${n} 793 792  re-xmits=000${n} (  ${n}.0%) slice=112`
  ),
  "messages that were dropped": [1, 2, 3, 4].map((n) => `sent ${n}000, dropped: ${n} (${n}.5%)`),
  "several at once": [1, 2, 3, 4].map((n) => `===( ${n};0   ${n}/12   ${n + 1}/12 )====`),
  packets: ["3 packets transmitted, 3 received, 0% packet loss, time 2003ms"],
  waiting: [
    "[1/30] waiting for port 5432 to open",
    "[2/30] waiting for port 5432",
    "[3/30] waiting for port 5432",
  ],
  "health checks": [
    "Health check 1/10: not ready yet",
    "Health check 2/10: not ready yet",
    "Health check 3/10: not ready",
  ],
  "retries with a name": [
    "[1/5] Retrying request in 2s",
    "[2/5] Retrying request in 4s",
    "[3/5] Retrying request in 8s",
  ],
  complaints: ["WARNING: 3/4 files done", "ERROR: 42% complete", "WARNING: 4/4 files done"],
  "complaints behind a prefix": [
    "2026-12-02 10:00:00,123 WARNING 12/340 records skipped",
    "[12:00:01] [WARN] 3/40 files ignored",
    "2026-12-02T10:00:00Z ERROR: 42% complete",
    "W0317 10:11:12.123456    1234 file.cc:12] 3/40 files done",
    "[10:00:00] [Server thread/ERROR]: 3/40 files done",
    "10:00:00 level=error 3/40 files done",
  ],
  "levels that rise and fall": ["mixture 10%", "mixture 20%", "mixture 15%", "mixture 30%", "mixture 40%"],
  "ratios of each file": ["a1.png: 20% of it", "a2.png: 30% of it", "a3.png: 45% of it", "a4.png: 41% of it"],
  "rates that drift": [
    "iter 10: mfu 1.21%",
    "iter 20: mfu 1.22%",
    "iter 30: mfu 1.25%",
    "iter 40: mfu 1.30%",
  ],
  "numbers that begin high": ["Review: 5/10 - nice", "Review: 6/10 - nice", "Review: 7/10 - nice"],
  availability: ["Service availability 91.1% over 30 days", "Service availability 93.2% over 30 days"],
  "summaries of what changed": [
    "Client finished, 12/34 resources updated in 12 seconds",
    "12/34 files need formatting",
  ],
  counters: ["1", "2", "3", "4", "5"],
  countdowns: ["Starting in 3...", "Starting in 2...", "Starting in 1...", "Starting in 0..."],
  "shares of a table": ["| CPU | 10% |", "| MEM | 20% |", "| DSK | 30% |"],
  "errors of a load test": [
    "summary + 101 in 00:00:11 = 10.3/s Avg: 12 Min: 5 Max: 99 Err: 1 (0.50%) Active: 10",
    "summary + 102 in 00:00:12 = 10.3/s Avg: 12 Min: 5 Max: 99 Err: 2 (2.00%) Active: 10",
    "summary + 103 in 00:00:13 = 10.3/s Avg: 12 Min: 5 Max: 99 Err: 3 (3.50%) Active: 10",
  ],
  "rate limits": [
    "GET /a 200 (rate limit: 10/5000)",
    "GET /b 200 (rate limit: 11/5000)",
    "GET /c (rate limit: 12/5000)",
  ],
  queues: ["queue: 10/100", "queue: 20/100", "queue: 30/100"],
  buffers: ["Buffering 10%", "Buffering 30%", "Buffering 60%"],
  paths: ["src/3/17/a.txt", "a/3/17", "file 3/4.txt opened", "refs/pull/3/17"],
};

for (const [kind, lines] of Object.entries(OUTPUTS)) {
  Deno.test(`ProgressReader reads no progress from ${kind}`, () => {
    assertEquals(progressOf(lines), []);
    for (const line of lines) assertEquals(progressOf([line]), [], line);
  });
}

Deno.test("ProgressReader ignores the numbers in the names of tests that vitest lists below their file", async () => {
  const outputs = play(await readRecording("vitest_tree_pty"));
  assertEquals([outputs.progress, outputs.last.status], [[], undefined]);
});
