/**
 * Reading tasks over HTTP, beside a bare server that answers the same bytes with the same headers.
 *
 * @module
 */

import { alternate, type Figure, verify } from "./support/harness.ts";
import { requestsPerSecond } from "./support/http_load.ts";
import { CLIENT } from "./support/records.ts";
import { Remote } from "./support/remote.ts";

const TARGET = { of: "ratio", atLeast: 0.7 } as const;
/** Fields that a record has at least, or it would be none from real life. */
const FIELDS = 25;

/** One task, and a hundred. */
export async function benchGet(): Promise<Figure[]> {
  await using ours = await Remote.start("monitor.ts");
  await using bare = await Remote.start("bare_http.ts");
  await ours.call("begin", ["task"]);
  const one = await compare(ours, bare, `/tasks/${CLIENT}/task`);
  await ours.call("begin", Array.from({ length: 99 }, (_, index) => `task-${index}`));
  const hundred = await compare(ours, bare, `/tasks/${CLIENT}`);
  return [
    { name: "GET one task", unit: "requests/s", ...one, target: TARGET },
    { name: "GET 100 tasks", unit: "requests/s", ...hundred, target: TARGET },
  ];
}

async function compare(ours: Remote, bare: Remote, path: string) {
  const answer = await get(ours, path);
  const record = JSON.parse(answer.body);
  if ("id" in record) verify("fields of the record", true, Object.keys(record).length >= FIELDS);
  else verify("active tasks", 100, record.active_tasks.length);

  const { date: _, "content-length": __, vary: ___, ...headers } = answer.headers;
  await bare.call("answer", { body: answer.body, headers });
  verify("the same answer", JSON.stringify(answer), JSON.stringify(await get(bare, path)));
  return await alternate(
    () => requestsPerSecond(ours.port, path),
    () => requestsPerSecond(bare.port, path),
  );
}

async function get(remote: Remote, path: string): Promise<{ body: string; headers: Record<string, string> }> {
  const response = await fetch(`http://127.0.0.1:${remote.port}${path}`);
  verify("the status", 200, response.status);
  const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== "date"));
  return { body: await response.text(), headers };
}
