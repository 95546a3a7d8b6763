// deno-lint-ignore-file no-console -- the program prints its results
/**
 * Runs the benchmarks that the arguments name, such as `deno task bench get fan-out`, or all. Fails if a benchmark did
 * wrong work, but not if a figure misses its target.
 *
 * @module
 */

import { benchAbuse } from "./abuse.ts";
import { benchCluster } from "./cluster.ts";
import { benchDurable } from "./durable.ts";
import { benchEta } from "./eta.ts";
import { benchExecutable } from "./executable.ts";
import { benchFanOut } from "./fan_out.ts";
import { benchGet } from "./get.ts";
import { benchHistory } from "./history.ts";
import { benchIdle } from "./idle.ts";
import { benchIngest } from "./ingest.ts";
import { benchLatency } from "./latency.ts";
import { benchLogPage } from "./log_page.ts";
import { benchMemory } from "./memory.ts";
import { benchRemoteIngest } from "./remote_ingest.ts";
import { benchPage } from "./page.ts";
import { benchPostgres } from "./postgres.ts";
import { benchPython } from "./python.ts";
import { benchReading } from "./reading.ts";
import { benchRestart } from "./restart.ts";
import { benchSearch } from "./search.ts";
import { type Bench, type Figure, formatTable } from "./support/harness.ts";
import { benchTabs } from "./tabs.ts";
import { benchUpdate } from "./update.ts";

const BENCHES: ReadonlyMap<string, Bench> = new Map([
  ["get", benchGet],
  ["fan-out", benchFanOut],
  ["update", benchUpdate],
  ["latency", benchLatency],
  ["history", benchHistory],
  ["ingest", benchIngest],
  ["remote-ingest", benchRemoteIngest],
  ["durable", benchDurable],
  ["postgres", benchPostgres],
  ["cluster", benchCluster],
  ["memory", benchMemory],
  ["restart", benchRestart],
  ["python", benchPython],
  ["reading", benchReading],
  ["search", benchSearch],
  ["eta", benchEta],
  ["idle", benchIdle],
  ["page", benchPage],
  ["log-page", benchLogPage],
  ["tabs", benchTabs],
  ["abuse", benchAbuse],
  ["executable", benchExecutable],
]);

if (import.meta.main) await main(Deno.args);

async function main(args: readonly string[]): Promise<void> {
  const names = args.length === 0 ? [...BENCHES.keys()] : args;
  const unknown = names.find((name) => !BENCHES.has(name));
  if (unknown !== undefined) {
    console.error(`Unknown benchmark "${unknown}"; choose from ${[...BENCHES.keys()].join(", ")}`);
    Deno.exit(2);
  }
  const figures: Figure[] = [];
  for (const name of names) {
    const startMs = performance.now();
    figures.push(...await BENCHES.get(name)!());
    console.error(`${name}: measured in ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
  }
  console.log(formatTable(figures));
}
