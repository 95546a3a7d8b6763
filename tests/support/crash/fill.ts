/**
 * Fills a database with ended tasks, as if a server had used it for a long time.
 *
 * @module
 */

import { DEFAULT_LIMITS } from "../../../lib/config/limits.ts";
import { Registry } from "../../../lib/registry/registry.ts";
import type { Reporter } from "../../../lib/registry/registry_types.ts";
import { SqliteStore } from "../../../lib/store/sqlite/sqlite_store.ts";
import type { ReportedChange } from "../../../lib/task/task.ts";
import { createChange } from "../changes.ts";

/** The prefix of the names of the clients that {@linkcode fillFile} creates. */
export const FILLED_CLIENT = "filled-";

/** The number of tasks in each commit. */
const TASKS_PER_COMMIT = 1_000;

const REPORTER: Reporter = { id: "fill", cancelRequested() {}, interrupted() {} };

/**
 * Creates a database of finished, failed and cancelled tasks.
 *
 * @param file the path of the database, which must not exist
 * @param count the number of tasks
 * @param perClient the number of tasks per client
 * @returns the number of clients
 */
export async function fillFile(file: string, count: number, perClient = 500): Promise<number> {
  const limits = { ...DEFAULT_LIMITS, endedTasks: count, endedTasksPerClient: perClient };
  const { commitIntervalMs } = limits;
  await using store = new SqliteStore({
    file,
    durability: "normal",
    epoch: "filled",
    limits,
    commitIntervalMs,
    notice: (text) => {
      throw new Error(text);
    },
  });
  using registry = new Registry({ store, limits, unsavedEpoch: "unsaved" });
  for (let n = 0; n < count; n++) {
    const client = `${FILLED_CLIENT}${Math.floor(n / perClient)}`;
    for (const change of lifeOf(n)) {
      registry.report({ client, id: `task-${n}`, at: Date.now() / 1000, change }, REPORTER);
    }
    if (n % TASKS_PER_COMMIT === 0) await registry.committed();
  }
  return Math.ceil(count / perClient);
}

function lifeOf(n: number): ReportedChange[] {
  return [
    createChange({ name: "filled", tags: [`tag-${n % 10}`], metadata: { number: n } }),
    { type: "start" },
    { type: "update", progress: 50, status: `Half of task ${n} is done` },
    endOf(n),
  ];
}

function endOf(n: number): ReportedChange {
  switch (n % 10) {
    case 0:
      return { type: "fail", error: { type: "Error", message: `Task ${n} went wrong` } };
    case 1:
      return { type: "cancelled" };
    default:
      return { type: "finish", result: { number: n } };
  }
}
