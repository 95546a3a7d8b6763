/** Runs the program with a PostgreSQL database, with the permissions of `deno task start`. */

import { assertEquals, assertMatch } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { hasPostgres, PostgresCluster } from "../support/postgres_cluster.ts";
import { runProgram, startProgram } from "../support/program.ts";
import { repetitions } from "../support/repetitions.ts";
import { eventually } from "../support/until.ts";

/** The number of times that PostgreSQL is killed; `crash_test.ts` kills the server. */
const ROUNDS = repetitions({ gate: 2, soak: 50, executable: 1 });

/** The number of clients that report at the same time. */
const CLIENTS = 4;

/**
 * Creates tasks, each after the response to the one before it, until a request is not answered with 201;
 * returns the ids of the created tasks.
 */
async function report(url: string, client: string, prefix: string): Promise<string[]> {
  const ids: string[] = [];
  while (true) {
    const id = `${prefix}-${ids.length}`;
    const status = await call("POST", `${url}/tasks/${client}`, { body: { id } }).then(
      ({ status }) => status,
      () => 0,
    );
    if (status !== 201) return ids;
    ids.push(id);
  }
}

Deno.test({
  name: "postgres: no acknowledged task is lost or duplicated when PostgreSQL is killed",
  ignore: !hasPostgres,
  fn: async () => {
    using cluster = PostgresCluster.start();
    const args = ["--no-demo", "--data", cluster.url];
    const acknowledged = new Map<string, string[]>();
    const begin = async (url: string, round: string) => {
      const reports = Array.from({ length: CLIENTS }, async (_, at) => {
        const client = `client-${at}`;
        const ids = await report(url, client, round);
        acknowledged.set(client, [...acknowledged.get(client) ?? [], ...ids]);
      });
      await eventually(() => call("GET", `${url}/tasks/client-0/${round}-5`), ({ status }) => status === 200);
      return () => Promise.all(reports);
    };
    const check = async (url: string) => {
      for (const [client, ids] of acknowledged) {
        for (const id of ids) {
          assertEquals((await call("GET", `${url}/tasks/${client}/${id}`)).status, 200, id);
        }
      }
    };
    await using program = await startProgram(args);
    for (let round = 1; round <= ROUNDS; round++) {
      await check(program.url);
      const ended = await begin(program.url, `database-${round}`);
      cluster.kill();
      await ended();
      const { status, json } = await call("GET", `${program.url}/readyz`);
      assertEquals([status, json.status], [503, "degraded"]);
      cluster.restart();
      await eventually(() => call("GET", `${program.url}/readyz`), ({ status }) => status === 200);
    }
    await check(program.url);
    const rows = await cluster.query(
      "SELECT count(*) AS n, count(DISTINCT (client, id)) AS ids FROM taskscope.tasks",
    );
    assertEquals(rows[0]!.n, rows[0]!.ids);
  },
});

Deno.test({
  name:
    "postgres: while the database is down, requests for an ended task get 503 with the reason; afterwards, they succeed",
  ignore: !hasPostgres,
  fn: async () => {
    using cluster = PostgresCluster.start();
    const args = ["--no-demo", "--data", cluster.url];
    {
      await using program = await startProgram(args);
      const tasks = `${program.url}/tasks/c`;
      for (const id of ["ended", "live"]) await call("POST", tasks, { body: { id } });
      for (const step of ["start", "finish"]) await call("POST", `${tasks}/ended/${step}`, { body: {} });
    }
    // A new server, because the one that ended the task still has the record in memory.
    await using program = await startProgram(args);
    cluster.kill();
    for (const path of ["tasks/c/ended", "tasks/c/ended/history", "tasks/c/ended/logs", "tasks/c"]) {
      const { status, headers, json } = await call("GET", `${program.url}/${path}`);
      assertEquals([status, json.code, headers.get("retry-after")], [503, "storage_unavailable", "5"], path);
      assertMatch(
        json.detail,
        /^The server cannot read this now: (it cannot be reached|the connection has ended)/,
      );
    }
    const page = await call("GET", `${program.url}/t/c/ended`, { headers: { accept: "text/html" } });
    assertEquals(page.status, 503);
    assertMatch(page.text, /The server cannot read this now: /);
    assertEquals((await call("GET", `${program.url}/tasks/c/live`)).status, 200);
    cluster.restart();
    while ((await call("GET", `${program.url}/readyz`)).status !== 200);
    assertEquals((await call("GET", `${program.url}/tasks/c/ended`)).json.state, "FINISHED");
    assertEquals((await call("GET", `${program.url}/t/c/ended`)).status, 200);
  },
});

Deno.test({
  name:
    "postgres: commands that can't use a database exit with a one-line error that says what is wrong or what to use instead",
  ignore: !hasPostgres,
  fn: async () => {
    using cluster = PostgresCluster.start();
    const wrong = cluster.urlOf("taskscope", "protected").replace("@", ":secret@");
    cluster.sql("CREATE ROLE protected LOGIN PASSWORD 'right'");
    const refused = await runProgram(["--port", "0", "--data", wrong]);
    assertMatch(
      refused.stderr,
      /^taskscope: Cannot store tasks in "postgres:\/\/protected@127\.0\.0\.1:\d+\/taskscope": the user or the password is wrong; .*\n$/,
    );
    assertEquals(refused.code, 2);
    const passed = await runProgram(["check", "--data", cluster.urlOf("taskscope", "protected")], {
      env: { PGPASSWORD: "right" },
    });
    assertMatch(passed.stderr, /no server has used it yet\n$/);
    await (await startProgram(["--data", cluster.url]))[Symbol.asyncDispose]();
    const checked = await runProgram(["check", "--data", cluster.url]);
    assertMatch(
      checked.stdout,
      /\/taskscope is intact: 0 ended tasks and 0 unfinished of 0 clients; .*version \d+\n$/,
    );
    for (const command of ["backup", "restore"]) {
      const { stderr, code } = await runProgram([command, "copy", "--data", cluster.url]);
      assertMatch(
        stderr,
        /must be a file: copy a PostgreSQL database with pg_dump .* or .*taskscope move --from/,
      );
      assertEquals(code, 2);
    }
  },
});
