/**
 * A bare SQLite database, to which prepared statements over one connection write the same rows as the store does.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { migrate } from "../../../lib/store/sqlite/schema.ts";
import { pause } from "../support/clock.ts";
import { serveCommands } from "../support/remote.ts";

const [file = "", durability = "normal", record = ""] = Deno.args;
const db = new DatabaseSync(file);
db.exec("PRAGMA journal_mode = WAL");
db.exec(`PRAGMA synchronous = ${durability}`);
migrate(db);

const putTask = db.prepare(
  `INSERT INTO tasks (place, client, id, seq, ended_at) VALUES (?, 'bench', ?, ?, NULL)
   ON CONFLICT (place) DO UPDATE SET seq = excluded.seq`,
);
const putRecord = db.prepare("INSERT OR REPLACE INTO records (place, checksum, record) VALUES (?, 0, ?)");
const putEntry = db.prepare(
  `INSERT INTO history (place, version, at, state, status, progress, is_state)
   VALUES (?, ?, ?, 'PROCESSING', ?, 12.5, 0)`,
);
let steps = 0;

serveCommands({
  write: ({ tasks, changes, perCommit }: { tasks: number; changes: number; perCommit: number }): number => {
    const startMs = performance.now();
    for (let done = 0; done < changes; done += perCommit) commit(tasks, Math.min(perCommit, changes - done));
    return performance.now() - startMs;
  },
  latencies: async ({ count, intervalMs }: { count: number; intervalMs: number }): Promise<number[]> => {
    const latencies: number[] = [];
    while (latencies.length < count) {
      await pause(intervalMs);
      const startMs = performance.now();
      commit(1, 1);
      latencies.push(performance.now() - startMs);
    }
    return latencies;
  },
});

/** Changes the tasks in turn, in one transaction: each change adds a row of history, each changed task is written once. */
function commit(tasks: number, changes: number): void {
  db.exec("BEGIN IMMEDIATE");
  for (let index = 0; index < changes; index++) {
    const place = ++steps % tasks;
    putEntry.run(place, steps, Date.now() / 1000, `Imported ${steps} rows`);
  }
  for (let index = 0; index < Math.min(tasks, changes); index++) {
    const place = (steps - index) % tasks;
    putTask.run(place, `task-${place}`, steps);
    putRecord.run(place, record);
  }
  db.exec("COMMIT");
}
