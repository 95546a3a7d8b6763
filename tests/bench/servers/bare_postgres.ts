/**
 * A bare PostgreSQL connection, over which pipelined transactions write the same rows as the store does.
 *
 * @module
 */

// @ts-types="../../../lib/store/postgres/pg.d.ts"
import pg from "pg";
import { migrate } from "../../../lib/store/postgres/schema.ts";
import { pause } from "../support/clock.ts";
import { serveCommands } from "../support/remote.ts";

const [port = "", record = ""] = Deno.args;
const client = new pg.Client({
  host: "127.0.0.1",
  port: Number(port),
  user: "postgres",
  database: "bare",
  ssl: false,
  pipeline: true,
});
await client.connect();
await migrate(client, "bare");
let [steps, commits] = [0, 0];

serveCommands({
  write: async ({ tasks, changes, perCommit }: { tasks: number; changes: number; perCommit: number }) => {
    const startMs = performance.now();
    for (let done = 0; done < changes; done += perCommit) {
      await commit(tasks, Math.min(perCommit, changes - done));
    }
    return performance.now() - startMs;
  },
  latencies: async ({ count, intervalMs }: { count: number; intervalMs: number }): Promise<number[]> => {
    const latencies: number[] = [];
    while (latencies.length < count) {
      await pause(intervalMs);
      const startMs = performance.now();
      await commit(1, 1);
      latencies.push(performance.now() - startMs);
    }
    return latencies;
  },
});

/** Changes the tasks in turn, in one fenced transaction: each change adds a row of history, each changed task is written once. */
async function commit(tasks: number, changes: number): Promise<void> {
  const entries = Array.from({ length: changes }, () => [++steps % tasks, steps]);
  const changed = Array.from({ length: Math.min(tasks, changes) }, (_, index) => (steps - index) % tasks);
  const all = <Value>(value: Value) => changed.map(() => value);
  const at = Date.now() / 1000;
  const results = await Promise.all([
    client.query("BEGIN"),
    client.query({
      name: "fence",
      text: `WITH fence AS (UPDATE taskscope.shards SET commits = commits + 1, committed_seq = $2
          WHERE id = 0 AND term = 0 AND commits = $1 RETURNING 1)
        SELECT 1 / count(*) FROM fence`,
      values: [commits++, steps],
    }),
    client.query({
      name: "tasks",
      text:
        `INSERT INTO taskscope.tasks (place, client, id, seq, name, state, created_at, started_at, updated_at, progress,
          removed, record)
        SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::float8[],
          $8::float8[], $9::float8[], $10::float8[], $11::boolean[], $12::json[])
        ON CONFLICT (place) DO UPDATE SET seq = excluded.seq, name = excluded.name, state = excluded.state,
          started_at = excluded.started_at, updated_at = excluded.updated_at, progress = excluded.progress,
          removed = excluded.removed, record = excluded.record`,
      values: [
        ...[changed, all("bench"), changed.map((place) => `task-${place}`), changed.map(() => steps)],
        ...[all("import_customer_orders"), all("PROCESSING"), all(at), all(at), all(at), all(12.5)],
        ...[all(false), all(record)],
      ],
    }),
    client.query({
      name: "history",
      text: `INSERT INTO taskscope.history (place, version, at, state, status, progress, is_state)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::float8[], $4::text[], $5::text[], $6::float8[], $7::integer[])
        ON CONFLICT (place, version) DO UPDATE SET at = excluded.at, state = excluded.state, status = excluded.status,
          progress = excluded.progress, is_state = excluded.is_state`,
      values: [
        entries.map(([place]) => place),
        entries.map(([, version]) => version),
        entries.map(() => at),
        entries.map(() => "PROCESSING"),
        entries.map(([, version]) => `Imported ${version} rows`),
        entries.map(() => 12.5),
        entries.map(() => 0),
      ],
    }),
    client.query({
      name: "clients",
      text: `INSERT INTO taskscope.clients (client, last_seq, forgotten_seq) VALUES ($1, $2, 0)
        ON CONFLICT (client) DO UPDATE SET last_seq = excluded.last_seq, forgotten_seq = excluded.forgotten_seq`,
      values: ["bench", steps],
    }),
    client.query("COMMIT"),
  ]);
  if (results.at(-1)?.command !== "COMMIT") throw new Error("not committed");
}
