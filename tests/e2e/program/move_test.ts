/** Tests of the command `move`, which is killed in the middle. */

import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { fillStore } from "../../support/filled_store.ts";
import { hasPostgres, PostgresCluster } from "../../support/postgres_cluster.ts";
import { runProgram, spawnProgram } from "../../support/program.ts";
import { StoreFolder } from "../../support/store_folder.ts";
import { TcpProxy } from "../../support/tcp_proxy.ts";
import { until } from "../../support/until.ts";

/** Returns all log lines of a file. */
function linesOf(file: string): readonly unknown[] {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return db.prepare(
      "SELECT * FROM log_lines JOIN tasks USING (place) WHERE removed = 0 ORDER BY place, number",
    ).all();
  } finally {
    db.close();
  }
}

/** Returns the number of log lines in a file; 0 as long as it has no tables. */
function countLines(file: string): number {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { readOnly: true });
    return Number(db.prepare("SELECT count(*) AS n FROM log_lines").get()?.n);
  } catch {
    return 0;
  } finally {
    db?.close();
  }
}

Deno.test({
  name: "taskscope move: killed in the middle, it continues when it is run again, there and back",
  ignore: !hasPostgres,
  fn: async () => {
    using cluster = PostgresCluster.start();
    using folder = new StoreFolder();
    {
      await using store = folder.open({ limits: { unsavedCharacters: 100_000_000 } });
      await fillStore(store, { tasks: 200, lines: 150 });
    }
    const before = linesOf(folder.file);
    const back = `${folder.path}/back.db`;
    await using proxy = new TcpProxy(cluster.port);
    const url = cluster.url.replace(`${cluster.port}`, new URL(proxy.url).port);
    const there = {
      args: ["move", "--from", folder.file, "--to", url],
      isHalf: () => proxy.bytes > 1_000_000,
    };
    const home = {
      args: ["move", "--from", url, "--to", back],
      isHalf: () => countLines(`${back}.moving`) > 0,
    };
    for (const { args, isHalf } of [there, home]) {
      {
        await using process = await spawnProgram(args);
        await until(isHalf);
        // No row more arrives.
        proxy.blackhole();
        process.kill("SIGKILL");
        await process.ended();
      }
      proxy.cut();
      await proxy.restore();
      if (args === there.args) {
        const { stderr, code } = await runProgram(["check", "--data", cluster.url]);
        assertMatch(
          stderr,
          /a move from .*tasks\.db to it is unfinished; run "taskscope move" again, or drop/,
        );
        assertEquals(code, 1);
        const [{ count }] = await cluster.query("SELECT count(*) FROM taskscope.log_lines") as [
          { count: string },
        ];
        assert(Number(count) > 0 && Number(count) < before.length, `${count} of ${before.length} lines`);
      } else {
        const count = countLines(`${back}.moving`);
        assert(count > 0 && count < before.length, `${count} of ${before.length} lines`);
      }
      const { stdout, stderr, code } = await runProgram(args);
      assertEquals([stderr, code], ["", 0]);
      assertMatch(stdout, /^Moved 184 tasks with 27,600 log lines from .* to .*\n$/);
    }
    assertEquals(linesOf(back).length, before.length);
    assertEquals(JSON.stringify(linesOf(back)), JSON.stringify(before));
  },
});

Deno.test("taskscope move: says in one line what is wrong", async () => {
  using folder = new StoreFolder();
  await folder.open()[Symbol.asyncDispose]();
  const none = `${folder.path}/none.db`;
  const killed = `${folder.path}/killed.db`;
  await Deno.writeTextFile(`${killed}-wal`, "the log of a killed server, whose file was moved away");
  for (
    const [args, status, message] of [
      [[], 2, /^taskscope: move needs --from and --to\n$/],
      [["tasks.db"], 2, /Unexpected argument "tasks\.db" after "move"; pass databases with --from and --to/],
      [["--form", "x"], 2, /Unknown flag --form; did you mean --from\?/],
      [["--from", ":memory:", "--to", none], 2, /--from must be a file or postgres:/],
      [["--from", none, "--to", folder.file], 1, /none\.db": there is no such file\n$/],
      [
        ["--from", folder.file, "--to", `${folder.path}/tasks.db.lock`],
        1,
        /it already exists; name a new file\n$/,
      ],
      [
        ["--from", folder.file, "--to", killed],
        1,
        /killed\.db-wal" of an earlier database exists, .*; name a new file\n$/,
      ],
      [["--from", folder.file, "--to", "postgres://me@127.0.0.1:1/x"], 1, /it cannot be reached/],
    ] as const
  ) {
    const { stderr, stdout, code } = await runProgram(["move", ...args]);
    assertMatch(stderr, message);
    assertEquals([stdout, code, stderr.split("\n").length], ["", status, 2], stderr);
  }
});
