/**
 * Reads the table of SECURITY.md that says who may do what.
 *
 * @module
 */

import { assert } from "./assert.ts";

/** The key of the servers. */
export const ACCESS_KEY = "the-key-of-this-very-server";

const DOCUMENT = new URL("../../.github/SECURITY.md", import.meta.url);

/** A row of the access table: a call, and the response status for each kind of visitor. */
export interface AccessRow {
  readonly call: string;
  readonly statuses: ReadonlyMap<string, number>;
}

/** Reads the access table. */
export async function readTable(): Promise<AccessRow[]> {
  const lines = (await Deno.readTextFile(DOCUMENT)).split("\n").filter((line) => line.startsWith("|"));
  const cells = lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const start = cells.findIndex(([first]) => first === "call");
  const [, ...columns] = cells[start]!;
  return cells.slice(start + 2).filter(([call]) => call!.startsWith("`")).map(([call, ...statuses]) => ({
    call: call!.replaceAll("`", ""),
    statuses: new Map(columns.map((column, index) => [column, Number(statuses[index])])),
  }));
}

/** The task that must exist before a call, and the body of the call. */
export interface Setup {
  /**
   * The condition of the task `t` before the call: missing, running in the server, reported over HTTP, ended,
   * or removed.
   */
  readonly task?: "none" | "held" | "reported" | "ended" | "removed";
  readonly body?: string;
}

/** The setups of calls that require a task or a body. */
export const SETUPS: Readonly<Record<string, Setup>> = {
  "POST /sign-in": { body: `key=${ACCESS_KEY}` },
  "POST /sign-out": { body: "" },
  "POST /tokens": { body: '{"may":"read","client":"c"}' },
  "POST /share/{client}": { body: "seconds=3600" },
  "POST /share/{client}/{id}": { task: "ended", body: "seconds=3600" },
  "GET /share/{client}/{id}": { task: "ended" },
  "GET /t/{client}/{id}": { task: "ended" },
  "GET /stats/{client}/{name}": { task: "reported" },
  "POST /t/{client}?do=remove": { task: "ended", body: "id=t" },
  "POST /t/{client}/start/{name}": { body: "" },
  "POST /t/{client}/{id}/cancel": { task: "held", body: "" },
  "POST /t/{client}/{id}/remove": { task: "ended", body: "" },
  "POST /t/{client}/{id}/restore": { task: "removed", body: "" },
  "POST /t/{client}/{id}/retry": { task: "ended", body: "" },
  "POST /tasks/{client}": { body: "{}" },
  "DELETE /tasks/{client}?state=FINISHED": { task: "ended" },
  "POST /tasks/{client}/start/{name}": { body: "{}" },
  "GET /tasks/{client}/{id}": { task: "ended" },
  "PATCH /tasks/{client}/{id}": { task: "reported", body: '{"progress":1}' },
  "POST /tasks/{client}/{id}": { task: "reported", body: '{"progress":1}' },
  "DELETE /tasks/{client}/{id}": { task: "ended" },
  "GET /tasks/{client}/{id}/logs": { task: "ended" },
  "POST /tasks/{client}/{id}/logs": { task: "reported", body: '{"lines":["x"]}' },
  "GET /tasks/{client}/{id}/history": { task: "ended" },
  "GET /tasks/{client}/{id}/progress": { task: "ended" },
  "GET /tasks/{client}/{id}/values": { task: "ended" },
  "POST /tasks/{client}/{id}/finish": { task: "reported", body: "{}" },
  "POST /tasks/{client}/{id}/fail": { task: "reported", body: "{}" },
  "POST /tasks/{client}/{id}/cancelled": { task: "reported", body: "{}" },
  "POST /tasks/{client}/{id}/cancel": { task: "held", body: "" },
  "POST /tasks/{client}/{id}/retry": { task: "ended", body: "" },
  "POST /tasks/{client}/{id}/restore": { task: "removed", body: "" },
  "GET /badge/{client}/{id}.svg": { task: "ended" },
  "GET /events/tasks/{client}/{id}": { task: "held" },
  "WS /ws/tasks/{client}/{id}": { task: "held" },
  "POST /report?reporter={reporter}": { body: '{"batch":1,"reports":[]}' },
};

/**
 * Brings the task `t` of the client `c` into the condition that a call needs.
 *
 * @param url the address of the server, whose function `held` runs until it is released
 * @param task what the task must be
 * @param quick the name of a function that ends at once
 */
export async function prepare(url: string, task: Setup["task"] = "none", quick = "quick"): Promise<void> {
  if (task === "none") return;
  const ask = async (method: string, path: string, body?: string) => {
    const headers = { authorization: `Bearer ${ACCESS_KEY}`, "content-type": "application/json" };
    const response = await fetch(`${url}${path}`, { method, headers, ...(body !== undefined && { body }) });
    await response.body?.cancel();
    assert(response.ok, `${method} ${path} responds with ${response.status}`);
  };
  if (task === "reported") return await ask("POST", "/tasks/c", '{"id":"t","name":"held"}');
  await ask("POST", `/tasks/c/start/${task === "held" ? "held" : quick}`, '{"id":"t"}');
  if (task === "held") return;
  await ask("GET", "/tasks/c/t?wait=ended");
  if (task === "removed") await ask("DELETE", "/tasks/c/t");
}
