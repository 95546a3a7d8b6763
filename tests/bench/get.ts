/**
 * Benchmarks reading tasks over HTTP, against a bare server that sends the same bytes and headers.
 *
 * @module
 */

import { alternate, type Figure, type Pairs, type Target, verify } from "./support/harness.ts";
import { requestsPerSecond } from "./support/http_load.ts";
import { startMonitor } from "./support/monitors.ts";
import { CLIENT } from "./support/records.ts";
import { Remote } from "./support/remote.ts";
import { TempFolder } from "./support/temp_folder.ts";

const TARGET = { of: "ratio", atLeast: 0.7 } as const;
const TARGET_ON_DISK = { of: "ratio", atLeast: 0.65 } as const;
/** The default limit of ended tasks per client. */
const ENDED = 1_000;
/** The least number of fields of a realistic record. */
const FIELDS = 25;

/** Measures requests for one task and for a hundred, in memory and on disk. */
export async function benchGet(): Promise<Figure[]> {
  await using folder = await TempFolder.make();
  await using inMemory = await startMonitor();
  await using onDisk = await startMonitor({ data: folder.file("tasks.db") });
  await using bare = await Remote.start("bare_http.ts");
  for (const ours of [inMemory, onDisk]) await ours.call("begin", ["task"]);
  const one = `/tasks/${CLIENT}/task`;
  const all = `/tasks/${CLIENT}`;
  const figures = [
    figure("GET one task", TARGET, await compare(inMemory, bare, one)),
    figure("GET one task, SQLite", TARGET_ON_DISK, await compare(onDisk, bare, one)),
  ];
  const others = Array.from({ length: 99 }, (_, index) => `task-${index}`);
  for (const ours of [inMemory, onDisk]) await ours.call("begin", others);
  figures.push(
    figure("GET 100 tasks", TARGET, await compare(inMemory, bare, all)),
    figure("GET 100 tasks, SQLite", TARGET_ON_DISK, await compare(onDisk, bare, all)),
  );
  for (const ours of [inMemory, onDisk]) await ours.call("addEnded", ENDED);
  const ended = await compare(onDisk, bare, `${all}/ended-000000`);
  const page = await comparePages(onDisk, inMemory);
  return [
    ...figures,
    figure("GET one ended task, SQLite", TARGET_ON_DISK, ended),
    figure("GET 20 of 1,000 ended tasks, SQLite vs memory", null, page),
  ];
}

/** Compares requests for a page of a list whose filter examines all ended tasks, on disk and in memory. */
async function comparePages(onDisk: Remote, inMemory: Remote): Promise<Pairs> {
  const path = `/tasks/${CLIENT}?state=FINISHED&limit=20`;
  for (const monitor of [onDisk, inMemory]) {
    verify("ended tasks", ENDED, JSON.parse((await get(monitor, path)).body).total);
  }
  return await alternate(
    () => requestsPerSecond(onDisk.port, path),
    () => requestsPerSecond(inMemory.port, path),
  );
}

function figure(name: string, target: Target | null, pairs: Pairs): Figure {
  return { name, unit: "requests/s", ...pairs, target };
}

async function compare(ours: Remote, bare: Remote, path: string) {
  const answer = await get(ours, path);
  const record = JSON.parse(answer.body);
  if ("id" in record) verify("fields of the record", true, Object.keys(record).length >= FIELDS);
  else verify("active tasks", 100, record.active_tasks.length);

  const { date: _, "content-length": __, ...headers } = answer.headers;
  await bare.call("answer", { body: answer.body, headers });
  verify("the same answer", JSON.stringify(answer), JSON.stringify(await get(bare, path)));
  return await alternate(
    () => requestsPerSecond(ours.port, path),
    () => requestsPerSecond(bare.port, path),
  );
}

async function get(remote: Remote, path: string): Promise<{ body: string; headers: Record<string, string> }> {
  // The measured requests accept no compression either.
  const headers = { "accept-encoding": "identity" };
  const response = await fetch(`http://127.0.0.1:${remote.port}${path}`, { headers });
  verify("the status", 200, response.status);
  const received = Object.fromEntries([...response.headers].filter(([name]) => name !== "date"));
  return { body: await response.text(), headers: received };
}
