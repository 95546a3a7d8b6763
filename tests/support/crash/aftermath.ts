/**
 * Checks the responses of a restarted server against the state before the crash.
 *
 * @module
 */

import { isFinal, type Task } from "../../../lib/task/task.ts";
import { call } from "../calls.ts";
import { until } from "../until.ts";
import { historyComplaints, logComplaints } from "./checks.ts";
import { differences, type Held, heldAfter } from "./held.ts";
import type { Ledger } from "./ledger.ts";
import { SocketWatcher } from "./watchers.ts";

/** The number of concurrent requests that read logs and histories. */
const READS_AT_A_TIME = 16;

/** Reads all tasks of the given clients from the server. */
export async function readClients(
  url: string,
  clients: Iterable<string>,
): Promise<ReadonlyMap<string, Held>> {
  const now = new Map<string, Held>();
  for (const client of clients) {
    const { json } = await call("GET", `${url}/tasks/${client}`);
    now.set(client, heldAfter(client, null, json));
  }
  return now;
}

/**
 * Resumes watchers over HTTP from the cursors they held before the crash.
 *
 * @param url the server's address
 * @param states the copies of the tasks that the watchers held
 * @param now the server's tasks by client
 * @returns complaints about watchers whose tasks then differ from those of the server
 */
export async function stateComplaints(
  url: string,
  states: readonly Held[],
  now: ReadonlyMap<string, Held>,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const held of states) {
    const { client, cursor } = held;
    const { status, json, text } = await call("GET", `${url}/tasks/${client}?after=${cursor}`);
    if (status === 200) {
      const { tasks } = heldAfter(client, held, json);
      wrong.push(...differences(`The watcher that polled after ${cursor}`, tasks, now.get(client)!));
    } else {
      wrong.push(`GET /tasks/${client}?after=${cursor} was answered ${status}: ${text}`);
    }
  }
  return wrong;
}

/** Resumes watchers over WebSockets from the cursors they held before the crash, and compares their tasks. */
export async function resumeComplaints(
  url: string,
  states: readonly Held[],
  now: ReadonlyMap<string, Held>,
  ledger: Ledger,
): Promise<string[]> {
  const watchers = states.map((held) => {
    return new SocketWatcher("delta", { url, client: held.client, ledger, random: () => 1, held });
  });
  try {
    await until(() => watchers.every(({ messages }) => messages > 0));
    return watchers.flatMap(({ held }, index) => {
      const { client, cursor } = states[index]!;
      return differences(`The watcher that resumed with ${cursor}`, held!.tasks, now.get(client)!);
    });
  } finally {
    await Promise.all(watchers.map((watcher) => watcher.stop()));
  }
}

/**
 * Checks the logs and the histories of tasks.
 *
 * @param url the server's address
 * @param tasks the tasks, each with its key `client/id`
 * @returns complaints about inconsistent logs and histories
 */
export async function textComplaints(
  url: string,
  tasks: Iterable<readonly [string, Task]>,
): Promise<string[]> {
  const wrong: string[] = [];
  const left = [...tasks];
  await Promise.all(Array.from({ length: READS_AT_A_TIME }, async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const [key, task] = next;
      const log = await call("GET", `${url}/tasks/${key}/logs?after=0&limit=10000`);
      const history = await call("GET", `${url}/tasks/${key}/history`);
      wrong.push(...logComplaints(task, log.json.lines), ...historyComplaints(task, history.json.history));
    }
  }));
  return wrong;
}

/**
 * Retries tasks that the crash interrupted, which the server can only do if it stored their launches.
 *
 * @param url the server's address
 * @param tasks the tasks, each with its key `client/id`
 * @param ledger the ledger in which the retries are recorded
 * @returns complaints about tasks that cannot be retried, or are retried wrongly
 */
export async function retryComplaints(
  url: string,
  tasks: Iterable<readonly [string, Task]>,
  ledger: Ledger,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const [key, { id, name, attempt }] of tasks) {
    const [client = ""] = key.split("/");
    const asked = ledger.ask("retry", client, id);
    const { status, json, text } = await call("POST", `${url}/tasks/${key}/retry`);
    if (status !== 202) {
      wrong.push(`${key} cannot be retried: ${status} ${text}`);
      continue;
    }
    asked.acknowledged();
    ledger.started(client, json.task_id);
    const retry = (await call("GET", `${url}/tasks/${client}/${json.task_id}`)).json;
    if (
      retry.name !== name || retry.attempt !== attempt + 1 || retry.retry_of !== id || isFinal(retry.state)
    ) {
      wrong.push(`${key} was retried as ${JSON.stringify(retry)}`);
    }
  }
  return wrong;
}
