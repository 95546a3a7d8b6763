/**
 * Measures a search over a log of 100,000 lines that grows by 1,000 lines per second, against `LIKE` in SQLite.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { alternate, type Figure, verify } from "./support/harness.ts";
import { startMonitor } from "./support/monitors.ts";
import { CLIENT } from "./support/records.ts";
import { TempFolder } from "./support/temp_folder.ts";

const LINES = 100_000;
const LINES_PER_SECOND = 1_000;
/** The text to search for, and the number of lines of the first {@linkcode LINES} that contain it. */
const TEXT = "row 99";
const MATCHES = 1_111;

/** Measures the duration of a search, and how long searches block the event loop of the server. */
export async function benchSearch(): Promise<Figure[]> {
  await using folder = await TempFolder.make();
  const data = folder.file("tasks.db");
  await using monitor = await startMonitor({ data, limits: { logLinesPerTaskOnDisk: 2 * LINES } });
  await monitor.call("log", { id: "logging", lines: LINES, perSecond: LINES_PER_SECOND });
  const url = `http://127.0.0.1:${monitor.port}/tasks/${CLIENT}/logging/logs?limit=100&q=${
    encodeURIComponent(TEXT)
  }`;
  using bare = new DatabaseSync(data, { readOnly: true });
  const like = bare.prepare("SELECT count(*) AS found FROM log_lines WHERE number < ? AND text LIKE ?");
  await monitor.call("longestBlockade");
  const pairs = await alternate(
    () => timed(async () => verify("matches", true, (await (await fetch(url)).json()).matches >= MATCHES)),
    () => timed(() => verify("matches", MATCHES, like.get(LINES, `%${TEXT}%`)?.found)),
  );
  const blockedMs = await monitor.call<number>("longestBlockade");
  return [
    { name: "search of a log, 100,000 lines", unit: "ms", ...pairs, target: { of: "ratio", atMost: 10 } },
    {
      name: "longest blockade of the event loop meanwhile",
      unit: "ms",
      ours: blockedMs,
      bare: null,
      ratio: null,
      target: { of: "ours", atMost: 20 },
    },
  ];
}

async function timed(work: () => unknown): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}
