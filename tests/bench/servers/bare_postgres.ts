/**
 * A bare PostgreSQL connection, over which pipelined transactions write the same rows as the store does.
 *
 * @module
 */

// @ts-types="../../../lib/store/postgres/pg.d.ts"
import pg from "pg";
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
await client.query(`CREATE TABLE shard (id integer PRIMARY KEY, term bigint, commits bigint);
  INSERT INTO shard VALUES (0, 1, 0);
  CREATE TABLE tasks (place bigint PRIMARY KEY, client text, id text, seq bigint, record json) WITH (fillfactor = 70);
  CREATE TABLE history (place bigint, version bigint, at float8, state text, status text, progress float8, is_state integer,
    PRIMARY KEY (place, version))`);
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
  const results = await Promise.all([
    client.query("BEGIN"),
    client.query({
      name: "fence",
      text: `WITH fence AS (UPDATE shard SET commits = commits + 1 WHERE id = 0 AND term = 1 AND commits = $1
        RETURNING 1) SELECT 1 / count(*) FROM fence`,
      values: [commits++],
    }),
    client.query({
      name: "tasks",
      text:
        `INSERT INTO tasks SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::json[])
        ON CONFLICT (place) DO UPDATE SET seq = excluded.seq, record = excluded.record`,
      values: [
        changed,
        changed.map(() => "bench"),
        changed.map((place) => `task-${place}`),
        changed.map(() => steps),
        changed.map(() => record),
      ],
    }),
    client.query({
      name: "history",
      text:
        `INSERT INTO history SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::float8[], $4::text[], $5::text[],
        $6::float8[], $7::integer[])`,
      values: [
        entries.map(([place]) => place),
        entries.map(([, version]) => version),
        entries.map(() => Date.now() / 1000),
        entries.map(() => "PROCESSING"),
        entries.map(([, version]) => `Imported ${version} rows`),
        entries.map(() => 12.5),
        entries.map(() => 0),
      ],
    }),
    client.query("COMMIT"),
  ]);
  if (results.at(-1)?.command !== "COMMIT") throw new Error("not committed");
}
