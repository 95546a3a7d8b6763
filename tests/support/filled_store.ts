/**
 * Fills a store with tasks that have a row in every table of a database.
 *
 * @module
 */

import {
  HISTORY,
  LAUNCHES,
  LOG_LINES,
  PROGRESS_HISTORY,
  SUBTASK_SUMS,
  VALUES,
} from "../../lib/store/side_tables.ts";
import type { TaskStore } from "../../lib/store/store.ts";
import { delivery, entry, storedTask } from "./store_model.ts";

/** The names of the tasks: characters that SQLite and PostgreSQL do not store in a text. */
const NAMES = ["import", "export \u0000", "\ud800 half", "ümläut 日本語"] as const;

/** What to fill a store with. */
export interface Filling {
  readonly tasks: number;
  /** The number of log lines of each task. */
  readonly lines: number;
}

/** Creates tasks of ten clients, most of which have ended, and commits them. */
export async function fillStore(store: TaskStore, { tasks, lines }: Filling): Promise<void> {
  for (let number = 0; number < tasks; number++) {
    const [client, id, seq] = [`client-${number % 10}`, `task-${number}`, store.takeSeq()];
    const name = NAMES[number % NAMES.length]!;
    const stored = storedTask(id, seq, number % 7 === 0 ? "NOT_STARTED" : "FINISHED", {
      name,
      status: `line\n"quoted" \\ ${name}`,
      metadata: { number, ratio: number / 3 },
      ...(number % 3 === 0 && { parent_id: `task-${number + 1}` }),
    });
    store.put(client, stored);
    store.putEntries(LOG_LINES, client, id, logLines(number, lines));
    store.putEntries(HISTORY, client, id, [{ entry: entry(seq), isState: number % 2 === 0 }]);
    store.putEntries(PROGRESS_HISTORY, client, id, [[[number / 7, 0], [number, 99.5]]]);
    if (number % 5 === 0) putRareEntries(store, client, id, number);
    if (number % 7 !== 0) store.pastRuns.add(client, stored.task);
    if (number % 11 === 0) store.putDelivery(delivery(client, id, seq, `text ${number}`), `text ${number}`);
    if (number % 13 === 0) store.remove(client, id, store.takeSeq());
    if (number % 26 === 0) store.purge(client, id);
    if (number % 500 === 499) await store.committed();
  }
  await store.committed();
}

function logLines(number: number, lines: number) {
  return Array.from({ length: lines }, (_, at) => ({
    number: at,
    at: number + at / 8,
    text: `line ${at} of task ${number}: é ☃ \u001b[31m`,
    ...(at % 2 === 0 && { stream: "stderr" as const }),
    ...(at % 3 === 0 && { level: "warn" as const }),
  }));
}

function putRareEntries(store: TaskStore, client: string, id: string, number: number): void {
  store.putEntries(LAUNCHES, client, id, [{ name: "work", args: [number, { text: "\u0000" }] }]);
  store.putEntries(SUBTASK_SUMS, client, id, [{ ended: number, share: 0.5, weight: 1, upFront: null }]);
  const series = [{ name: "loss", points: [[1, number / 9]] as const }];
  store.putEntries(VALUES, client, id, [{ series, ignored: 0 }]);
}
