import { recordIn } from "../../../support/at_hand.ts";
import { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../../../lib/errors.ts";
import {
  type MoveProgress,
  type MoveSource,
  type MoveTarget,
  moveTasks,
} from "../../../../lib/store/database/move_tasks.ts";
import { MOVED_TABLES } from "../../../../lib/store/database/moved_tables.ts";
import type { TaskStore } from "../../../../lib/store/store.ts";
import { inspectPostgres } from "../../../../lib/store/postgres/inspect_postgres.ts";
import { PostgresMoveSource } from "../../../../lib/store/postgres/postgres_move_source.ts";
import { PostgresMoveTarget } from "../../../../lib/store/postgres/postgres_move_target.ts";
import { DatabaseFile } from "../../../../lib/store/sqlite/database_file.ts";
import { SqliteMoveSource } from "../../../../lib/store/sqlite/sqlite_move_source.ts";
import { SqliteMoveTarget } from "../../../../lib/store/sqlite/sqlite_move_target.ts";
import { assertEquals, assertGreater, assertRejects, assertThrows } from "../../../support/assert.ts";
import { fillStore } from "../../../support/filled_store.ts";
import { testPostgres as test } from "../../../support/postgres_cluster.ts";
import { openPostgres } from "../../../support/postgres_home.ts";
import { StoreFolder } from "../../../support/store_folder.ts";
import { storedTask } from "../../../support/store_model.ts";

/** Creates a database with tasks in a temporary folder. */
async function filledFolder(tasks: number, lines = 3): Promise<StoreFolder> {
  const folder = new StoreFolder();
  await using store = folder.open();
  await fillStore(store, { tasks, lines });
  return folder;
}

function openSource(data: string): Promise<MoveSource> {
  return data.startsWith("postgres")
    ? PostgresMoveSource.open(data)
    : Promise.try(() => new SqliteMoveSource(data));
}

function openTarget(data: string, source: MoveSource): Promise<MoveTarget> {
  return data.startsWith("postgres")
    ? PostgresMoveTarget.open(data, source)
    : Promise.try(() => new SqliteMoveTarget(data, source));
}

async function move(
  from: string,
  to: string,
  onProgress: (progress: MoveProgress) => void = () => {},
): Promise<ReadonlyMap<string, number>> {
  await using source = await openSource(from);
  await using target = await openTarget(to, source);
  return await moveTasks(source, target, onProgress);
}

/** Returns all data of a file except the epoch and the rows of removed tasks. */
function contentsOf(file: string): Record<string, readonly unknown[]> {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const rows = (sql: string) => db.prepare(sql).all();
    const tables = [...MOVED_TABLES.map(({ name, isOfTasks }) => [name, isOfTasks] as const), [
      "records",
      true,
    ], [
      "runs",
      true,
    ]] as const;
    const kept = "WHERE place IN (SELECT place FROM tasks WHERE removed = 0)";
    return {
      ...Object.fromEntries(
        tables.map(([name, isOfTasks]) => [name, rows(`SELECT * FROM ${name} ${isOfTasks ? kept : ""}`)]),
      ),
      meta: rows("SELECT * FROM meta WHERE name <> 'epoch' ORDER BY name"),
    };
  } finally {
    db.close();
  }
}

function epochOf(folder: StoreFolder, file?: string): unknown {
  return folder.query("SELECT value FROM meta WHERE name = 'epoch'", file)[0]?.value;
}

test("moveTasks() moves a file to PostgreSQL and back without any difference but the epoch", async (cluster) => {
  cluster.sql("DROP DATABASE IF EXISTS other", "postgres");
  cluster.sql("CREATE DATABASE other OWNER taskscope", "postgres");
  using folder = await filledFolder(500);
  const before = contentsOf(folder.file);
  for (const [name, rows] of Object.entries(before)) {
    assertGreater(rows.length, 1, name);
  }
  const [other, back, copy] = [cluster.urlOf("other"), `${folder.path}/back.db`, `${folder.path}/copy.db`];
  await move(folder.file, cluster.url);
  await move(cluster.url, other);
  await move(other, back);
  await move(back, copy);
  assertEquals(contentsOf(folder.file), before, "the source is unchanged");
  assertEquals(contentsOf(back), before);
  assertEquals(contentsOf(copy), before);
  const epochs = [folder.file, back, copy].map((file) => epochOf(folder, file));
  assertEquals(new Set(epochs).size, 3, "positions of watchers in one database have no meaning in another");
  const names = await Array.fromAsync(Deno.readDir(folder.path), ({ name }) => name);
  assertEquals(names.filter((name) => name.includes("moving")), []);
});

test("MOVED_TABLES has every table of a database, except tables with derived data and with data of the database itself", async (cluster) => {
  using folder = await filledFolder(1);
  await (await openPostgres(cluster.url))[Symbol.asyncDispose]();
  const inFile = folder.query("SELECT name FROM sqlite_schema WHERE type = 'table'").map(({ name }) => name);
  const inPostgres = (await cluster.query(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'taskscope'",
  )).map(({ name }) => name);
  const moved = MOVED_TABLES.map(({ name }) => name);
  assertEquals(inFile.sort(), [...moved, "meta", "records", "runs"].sort());
  const others = ["meta", "shards", "cluster_shards", "purged", "nodes", "commits"];
  assertEquals(inPostgres.sort(), [...moved, ...others].sort());
});

test("moveTasks() lets the store of the target continue with the sequence numbers of the source", async (cluster) => {
  using folder = await filledFolder(50);
  /** Returns the data that a server publishes from a store. */
  const view = async (store: TaskStore) => ({
    seq: store.seq,
    tasks: Array.from(store.index.list("client-3"), ({ id, seq }) => [id, seq]),
    removed: store.index.changesSince("client-3", 0)?.removed,
    task: (await recordIn(store, "client-3", "task-3"))?.json,
    runs: store.pastRuns.newest("client-3", "\ud800 half"),
    deliveries: store.deliveries(),
  });
  let before: Awaited<ReturnType<typeof view>>;
  {
    await using store = folder.open();
    before = await view(store);
  }
  await move(folder.file, cluster.url);
  await using store = await openPostgres(cluster.url);
  assertEquals(await view(store), before);
  assertEquals(store.deliveries().length, 5);
});

for (const kind of ["PostgreSQL", "SQLite"]) {
  test(`moveTasks() continues an interrupted move to ${kind}, which no server can use until then`, async (cluster) => {
    using folder = await filledFolder(40, 100);
    const isFile = kind === "SQLite";
    const to = isFile ? `${folder.path}/new.db` : cluster.url;
    /** Begins to move the data, and fails when only a part of the log lines is moved. */
    const interrupt = async () => {
      await assertRejects(
        () =>
          move(folder.file, to, ({ table, moved, total }) => {
            if (table.name === "log_lines" && moved < total) throw new Error("interrupted");
          }),
        Error,
        "interrupted",
      );
    };
    await interrupt();
    if (isFile) {
      assertThrows(
        () => new DatabaseFile(to),
        StorageError,
        'a move to it is unfinished; run "taskscope move"',
      );
      await assertRejects(() => Deno.stat(to), Deno.errors.NotFound);
    } else {
      await assertRejects(
        () => openPostgres(to),
        StorageError,
        `a move from ${await Deno.realPath(folder.file)}`,
      );
      await assertRejects(() => inspectPostgres(to, false), StorageError, "is unfinished");
      await assertRejects(() => PostgresMoveSource.open(to), StorageError, "is unfinished");
    }
    using second = await filledFolder(1);
    await assertRejects(() => move(second.file, to), StorageError, "is unfinished; finish that one, or");

    const progress: MoveProgress[] = [];
    await move(folder.file, to, (state) => progress.push(state));
    assertEquals(progress[0]!.table.name, "log_lines");
    assertGreater(progress[0]!.moved, 1_000);
    const back = isFile ? to : `${folder.path}/back.db`;
    if (!isFile) await move(to, back);
    assertEquals(contentsOf(back), contentsOf(folder.file));
    await assertRejects(
      () => move(folder.file, to),
      StorageError,
      isFile ? "already exists" : "a server has used it",
    );
  });
}

Deno.test("moveTasks() to a file is not disturbed by a server that is started meanwhile", async () => {
  using folder = await filledFolder(20);
  const to = `${folder.path}/new.db`;
  await move(folder.file, to, () => {
    assertThrows(() => new DatabaseFile(to), StorageError, "another Taskscope is using it");
  });
  assertEquals(contentsOf(to), contentsOf(folder.file));
});

Deno.test("moveTasks() moves no task that was removed, but not purged, before a crash", async () => {
  using folder = new StoreFolder();
  await using store = folder.open();
  for (const id of ["1", "2", "3"]) store.put("c", storedTask(id, store.takeSeq(), "FINISHED"));
  store.remove("c", "1", store.takeSeq(), true);
  store.remove("c", "2", store.takeSeq());
  await store.committed();
  using copy = folder.crashed();
  const to = `${copy.path}/new.db`;
  const counts = await move(copy.file, to);
  assertEquals([counts.get("tasks"), copy.query("SELECT id FROM tasks", to)], [1, [{ id: "3" }]]);
});

Deno.test("moveTasks() to a file continues if a file with its name was in the way at the end", async () => {
  using folder = await filledFolder(20, 100);
  const to = `${folder.path}/new.db`;
  const refused = () => move(folder.file, to, () => Deno.writeTextFileSync(to, "in the way"));
  await assertRejects(refused, StorageError, "it already exists");
  await Deno.remove(to);
  const progress: MoveProgress[] = [];
  await move(folder.file, to, (state) => progress.push(state));
  assertEquals(progress, [], "every row was already there");
  assertEquals(contentsOf(to), contentsOf(folder.file));
});

test("moveTasks() starts over if a server has changed the source after an interrupted move", async (cluster) => {
  using folder = await filledFolder(20);
  for (const to of [cluster.url, `${folder.path}/new.db`]) {
    const stop = () => {
      throw new Error("interrupted");
    };
    await assertRejects(() => move(folder.file, to, stop), Error, "interrupted");
    {
      await using store = folder.open();
      store.put("late", storedTask("late", store.takeSeq()));
      await store.committed();
    }
    const progress: MoveProgress[] = [];
    const counts = await move(folder.file, to, (state) => progress.push(state));
    assertEquals(progress[0]!.table.name, "tasks");
    assertEquals(counts.get("tasks"), progress[0]!.moved);
    const back = `${folder.path}/back-${to.length}.db`;
    await move(to, back);
    assertEquals(contentsOf(back), contentsOf(folder.file));
  }
});

test("moveTasks() refuses databases that a server uses or has used, and changes nothing", async (cluster) => {
  using folder = await filledFolder(1);
  {
    await using _store = folder.open();
    await assertRejects(() => move(folder.file, cluster.url), StorageError, "another Taskscope is using it");
  }
  await assertRejects(
    () => move(cluster.url, `${folder.path}/new.db`),
    StorageError,
    "no server has used it",
  );
  const none = `${folder.path}/none.db`;
  await assertRejects(() => move(none, cluster.url), StorageError, "there is no such file");
  {
    await using _store = await openPostgres(cluster.url);
    await assertRejects(() => move(cluster.url, `${folder.path}/new.db`), StorageError, "another server");
    await assertRejects(() => move(folder.file, cluster.url), StorageError, "another server");
  }
  await assertRejects(() => move(folder.file, cluster.url), StorageError, "a server has used it");
  await assertRejects(() => move(folder.file, folder.file), StorageError, "another Taskscope is using it");
  assertEquals(
    (await Array.fromAsync(Deno.readDir(folder.path), ({ name }) => name)).filter((name) =>
      /^(new|none).*(?<!lock)$/.test(name)
    ),
    [],
  );
});

test("moveTasks() leaves out tasks with damaged records and their rows, and names them", async (cluster) => {
  using folder = await filledFolder(20);
  folder.execute("UPDATE records SET record = replace(record, 'task-2', 'task-4') WHERE place = 3");
  {
    await using source = await openSource(folder.file);
    assertEquals(source.damaged, ['task "task-2" of client "client-2"']);
    await using target = await openTarget(cluster.url, source);
    await moveTasks(source, target, () => {});
  }
  const rows = await cluster.query(
    `SELECT (SELECT count(*) FROM taskscope.tasks WHERE place = 3) AS tasks,
      (SELECT count(*) FROM taskscope.log_lines WHERE place = 3) AS lines,
      (SELECT count(*) FROM taskscope.log_lines WHERE place = 4) AS others`,
  );
  assertEquals(rows, [{ tasks: "0", lines: "0", others: "3" }]);
});
