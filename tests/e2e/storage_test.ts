/** Tests of the program with a database file that is unusable at the start, or becomes unusable while it runs. */

import { SCHEMA_VERSION } from "../../lib/store/sqlite/schema.ts";
import { TaskInMemory } from "../../lib/store/task_in_memory.ts";
import type { Task } from "../../lib/task/task.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { assertProblem, call } from "../support/calls.ts";
import { EXECUTABLE, type Program, runProgram, startProgram } from "../support/program.ts";
import { finishedTask } from "../support/example_task.ts";
import { notSeen, SmallDisk } from "../support/small_disk.ts";
import { type SocketMessage, TestSocket } from "../support/socket.ts";
import { StoreFolder } from "../support/store_folder.ts";
import { eventually } from "../support/until.ts";

const MEGABYTE = 1024 * 1024;

/**
 * Whether files are locked by inode; elsewhere, a file with a second name is refused. The base of the executable may
 * be an older Deno.
 */
const LOCKS_INODES = Deno.build.os === "linux" && EXECUTABLE === undefined &&
  "tryLockSync" in Deno.FsFile.prototype;

const OTHER_NAME = LOCKS_INODES
  ? /another Taskscope is using it under another name, such as a hard link; stop that process, or /
  : /it has \d names \(hard links\), and another Taskscope could use it under another one; delete /;

const TASKS = `
export async function until_file(task, path) {
  for (let looks = 1; ; looks++) {
    task.log("look " + looks);
    await task.update({ current: looks });
    if (await Deno.stat(path).catch(() => null) !== null) return looks;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
export function size(task, text) {
  return text.length;
}
`;

/** Starts the program with a database, and with the tasks that these tests start. */
async function start(folder: StoreFolder, file: string): Promise<Program> {
  const module = `${folder.path}/tasks.js`;
  await Deno.writeTextFile(module, TASKS);
  return await startProgram(["--no-demo", "--tasks", module, "--data", file]);
}

/** Asserts that the program refuses a database with a one-line message. */
async function assertRefused(file: string, reason: RegExp | string): Promise<void> {
  const { code, stdout, stderr } = await runProgram(["--no-demo", "--port", "0", "--data", file]);
  const begin = `taskscope: Cannot store tasks in "${file}": `;
  assertEquals([code, stdout, stderr.slice(0, begin.length)], [2, "", begin], stderr);
  const said = stderr.slice(begin.length);
  if (typeof reason === "string") assertEquals(said, `${reason}\n`);
  else assertMatch(said, reason);
  assertEquals(said.trim().split("\n").length, 1, "a single line");
}

/** Creates a database with some tasks. */
async function fillDatabase(folder: StoreFolder): Promise<void> {
  await using store = folder.open();
  const finished_at = Date.now() / 1000;
  for (let i = 0; i < 300; i++) {
    store.put("c", new TaskInMemory(finishedTask({ id: `${i}`, finished_at }), store.takeSeq()));
  }
}

/** Polls `/readyz` until the program responds with a given status; returns the body. */
async function untilReady(url: string, status: 200 | 503): Promise<Record<string, unknown>> {
  return (await eventually(() => call("GET", `${url}/readyz`), (answer) => answer.status === status)).json;
}

/** Reads all tasks of the client that these tests use. */
async function tasksOf(url: string): Promise<Readonly<Record<string, Task>>> {
  const { status, json } = await call("GET", `${url}/tasks/c`);
  assertEquals(status, 200);
  return json.all_tasks;
}

/** Starts a task by name, and returns the response. */
async function startTask(url: string, name: string, id: string, ...args: unknown[]) {
  return await call("POST", `${url}/tasks/c/start/${name}`, { body: { id, args } });
}

/** Waits until a task has ended, and returns its record. */
async function untilEnded(url: string, id: string): Promise<Task> {
  const ask = () => call("GET", `${url}/tasks/c/${id}`);
  return (await eventually(ask, ({ json }) => json.finished_at !== null)).json;
}

/** Returns a function that finds the message that the server is degraded for a reason, or no longer degraded. */
function isDegraded(wanted: RegExp | null): (message: SocketMessage) => boolean {
  return (message) => {
    if (message.type !== "degraded") return false;
    const { detail } = message as unknown as { readonly detail: string | null };
    return wanted === null ? detail === null : wanted.test(detail ?? "");
  };
}

Deno.test("storage: the program refuses unusable files with a one-line message", async () => {
  using folder = new StoreFolder();
  const path = (name: string) => `${folder.path}/${name}`;
  await Deno.writeTextFile(path("notes.txt"), "my notes\n".repeat(1_000));
  await Deno.writeFile(path("random.db"), crypto.getRandomValues(new Uint8Array(20_000)));
  await Deno.mkdir(path("folder"));
  await fillDatabase(folder);
  const database = await Deno.readFile(folder.file);
  const damaged = database.slice();
  damaged.fill(0xff, damaged.length / 2, damaged.length / 2 + 3 * 4096);
  await Deno.writeFile(path("damaged.db"), damaged);
  await Deno.writeFile(path("cut.db"), database.subarray(0, database.length / 3));
  folder.execute("PRAGMA user_version = 99");

  const isNone =
    "it is not a database; move it away, or name another file with --data (file is not a database)";
  const isDamaged =
    /^the file is damaged; restore a backup, or move it away to start with an empty one \(.*\)\n$/;
  await assertRefused(path("notes.txt"), isNone);
  await assertRefused(path("random.db"), isNone);
  await assertRefused(path("folder"), "it is a folder; name a file in it with --data");
  await assertRefused(
    path("missing/tasks.db"),
    /^it cannot be opened; its folder must exist and be writable \(.*\)\n$/,
  );
  await assertRefused(path("damaged.db"), isDamaged);
  await assertRefused(path("cut.db"), isDamaged);
  await assertRefused(
    folder.file,
    `a newer Taskscope wrote it (schema version 99, while this version supports up to ${SCHEMA_VERSION}); ` +
      "use that version, or name another file with --data",
  );
});

Deno.test("storage: the program refuses the database of another program, and does not change it", async () => {
  using folder = new StoreFolder();
  folder.execute("CREATE TABLE contacts (name TEXT); INSERT INTO contacts VALUES ('somebody')");
  const before = await Deno.readFile(folder.file);
  await assertRefused(folder.file, "it is a database of another program; name another file with --data");
  assertEquals(await Deno.readFile(folder.file), before);
});

Deno.test("storage: a second program refuses the file of the first until the first is killed", async () => {
  using folder = new StoreFolder();
  const locked = "another Taskscope is using it; stop that process, or name another file with --data";
  {
    await using first = await start(folder, folder.file);
    await assertRefused(folder.file, locked);
    assertEquals((await startTask(first.url, "size", "kept", "four")).status, 202);
    await untilEnded(first.url, "kept");
    await assertRefused(folder.file, locked);
    first.process.kill("SIGKILL");
    await first.process.ended();
    assertEquals(first.process.stderr, "");
  }
  await using second = await start(folder, folder.file);
  assertEquals((await tasksOf(second.url)).kept?.result, 4);
});

Deno.test("storage: a second program refuses every other name of the first one's file", async (t) => {
  using folder = new StoreFolder();
  await fillDatabase(folder);
  const there = `${folder.path}/there`;
  await Deno.mkdir(there);
  const early = `${folder.path}/early.db`;
  // Where files are not locked by inode, the first program would refuse a file that already has a second
  // name.
  if (LOCKS_INODES) await Deno.link(folder.file, early);
  const first = await start(folder, folder.file);
  await using _first = first;
  const far = `${there}/far.db`;
  await Deno.link(folder.file, far);
  const symbolic = `${folder.path}/symbolic.db`;
  await Deno.symlink(far, symbolic);
  const names = { "a hard link": far, "a symbolic link to a hard link": symbolic };
  for (const [what, name] of Object.entries(LOCKS_INODES ? { ...names, "an old hard link": early } : names)) {
    await t.step(what, async () => {
      await assertRefused(name, OTHER_NAME);
    });
  }
  await t.step("a bind mount", async () => {
    const mounted = `${folder.path}/mounted.db`;
    await Deno.writeTextFile(mounted, "");
    const { success } = await new Deno.Command("mount", {
      args: ["--bind", folder.file, mounted],
      stderr: "null",
    }).output().catch(() => ({ success: false }));
    if (!success) return notSeen("The test of a bind mount did not run: this process must not mount");
    try {
      await assertRefused(mounted, OTHER_NAME);
    } finally {
      await new Deno.Command("umount", { args: [mounted] }).output();
    }
  });
  await t.step("check and backup still work, and the first program stores", async () => {
    assertEquals(
      (await call("POST", `${first.url}/tasks/c`, { body: { id: "last", name: "x" } })).status,
      201,
    );
    for (const args of [["check"], ["backup", `${folder.path}/copy.db`]]) {
      const { code, stderr } = await runProgram([...args, "--data", folder.file]);
      assertEquals([code, stderr], [0, ""]);
    }
    assertEquals(folder.query("PRAGMA integrity_check")[0]?.integrity_check, "ok");
  });
  await t.step("restore refuses another name", async () => {
    const { code, stderr } = await runProgram(["restore", `${folder.path}/copy.db`, "--data", far]);
    assertEquals(code, 1);
    assertMatch(stderr, OTHER_NAME);
  });
  await t.step("a name is free once the first program is killed", async () => {
    first.process.kill("SIGKILL");
    await first.process.ended();
    for (const name of [far, early]) await Deno.remove(name).catch(() => {});
    await using next = await start(folder, folder.file);
    assertEquals((await tasksOf(next.url)).last?.state, "NOT_STARTED");
  });
});

Deno.test("storage: a program reports once that its write-ahead log lost changes, and continues", async () => {
  using folder = new StoreFolder();
  {
    await using program = await start(folder, folder.file);
    for (const id of ["first", "last"]) {
      assertEquals((await startTask(program.url, "size", id, "x")).status, 202);
      await untilEnded(program.url, id);
    }
    program.process.kill("SIGKILL");
    await program.process.ended();
  }
  const log = `${folder.file}-wal`;
  await Deno.truncate(log, (await Deno.stat(log)).size - 4_096);
  {
    await using program = await start(folder, folder.file);
    assertEquals((await startTask(program.url, "size", "next", "x")).status, 202);
    program.process.kill("SIGTERM");
    const { code, stderr } = await program.process.ended();
    assertEquals(code, 0);
    const lines = stderr.split("\n").filter((line) => line.includes("lost"));
    assertEquals(lines.length, 1, stderr);
    assertMatch(
      lines[0]!,
      /Changes were lost: of the \d+ pages in the write-ahead log of ".*", the last \d+ are missing/,
    );
  }
  await using program = await start(folder, folder.file);
  assertEquals((await tasksOf(program.url)).next?.state, "FINISHED");
  assertEquals(program.process.stderr, "");
});

Deno.test("storage: the program refuses a file without write permission", async () => {
  using folder = new StoreFolder();
  await fillDatabase(folder);
  const unprotect = await protect(folder.file);
  if (unprotect === undefined) return;
  try {
    await assertRefused(
      folder.file,
      "it cannot be written to; make it writable, or name another file with --data " +
        "(attempt to write a readonly database)",
    );
  } finally {
    await unprotect();
  }
  await using program = await start(folder, folder.file);
  assertEquals(Object.keys(await tasksOf(program.url)).length, 300);
});

Deno.test("storage: the program refuses a disk that is read-only or full", async () => {
  await using disk = await SmallDisk.mount(MEGABYTE, "The test of a full disk at the start");
  if (disk === undefined) return;
  using folder = new StoreFolder();
  await fillDatabase(folder);
  const file = `${disk.path}/tasks.db`;
  await Deno.copyFile(folder.file, file);
  await disk.fill();
  await assertRefused(file, /^(the disk is full|the disk reports an error, or it is full) \(.*\)\n$/);
  await assertRefused(`${disk.path}/new.db`, /^the disk is full \(.*\)\n$/);
  await disk.free();
  {
    await using program = await start(folder, file);
    assertEquals(Object.keys(await tasksOf(program.url)).length, 300, "the failed start lost tasks");
  }
  await disk.protect();
  await assertRefused(file, /^it cannot be (opened|written to); .* \(.*\)\n$/);
  await assertRefused(`${disk.path}/other.db`, /^it cannot be (opened|written to); .* \(.*\)\n$/);
});

Deno.test("storage: tasks continue in memory while the disk is full, and are stored once there is space", async () => {
  using folder = new StoreFolder();
  await using disk = await fullableDisk(folder);
  const { file } = disk;
  const flag = `${folder.path}/flag`;
  let last: Readonly<Record<string, Task>>;
  let cursorBefore: string;
  let cursorDuring: string;
  {
    await using program = await start(folder, file);
    const { url } = program;
    await startTask(url, "size", "before", "x");
    await untilEnded(url, "before");
    assertEquals((await startTask(url, "until_file", "running", flag)).status, 202);
    await using socket = new TestSocket(`${url}/ws/tasks/c?mode=delta`);
    cursorBefore = (await socket.count(1))[0]!.cursor!;

    await disk.fill();
    // The arguments are larger than the free space inside the database files.
    const refused = await startTask(url, "size", "during", "x".repeat(MEGABYTE / 2));
    assertProblem(refused, 503, "storage_unavailable");
    assertMatch(refused.json.detail, /^The server cannot store this now: the disk is full \(.*\)$/);
    assertEquals(refused.headers.get("retry-after"), "5");
    const { status, detail, since } = await untilReady(url, 503);
    assertEquals(status, "degraded");
    assertMatch(String(detail), /^the disk is full /);
    assertGreater(Number(since), Date.now() / 1000 - 60);
    await socket.find(isDegraded(/^the disk is full /));
    for (
      const [method, path] of [
        ["POST", "start/size"],
        ["POST", "start/unknown"],
        ["POST", "before/retry"],
        ["DELETE", "before"],
        ["POST", "before/restore"],
      ] as const
    ) {
      const answer = await call(method, `${url}/tasks/c/${path}`, { body: {} });
      if (path === "start/unknown") assertProblem(answer, 404, "unknown_task_name");
      else assertProblem(answer, 503, "storage_unavailable");
    }
    assertEquals((await call("GET", `${url}/healthz`)).status, 200);

    // The running task continues, and watchers receive its progress.
    const { current } = (await tasksOf(url)).running!;
    await socket.task("running", (task) => task.current! > current! + 3);
    await Deno.writeTextFile(flag, "");
    await socket.task("running", ({ state }) => state === "FINISHED");
    const ended = await untilEnded(url, "running");
    assertEquals([ended.state, ended.result], ["FINISHED", ended.current]);
    const during = await call("GET", `${url}/tasks/c`);
    cursorDuring = during.json.cursor;
    assertNotEquals(
      cursorDuring.split(":")[0],
      cursorBefore.split(":")[0],
      "a cursor issued while degraded must be invalid after a crash",
    );
    assertEquals((await call("GET", `${url}/tasks/c?after=${cursorDuring}`)).status, 200);

    await disk.free();
    await untilReady(url, 200);
    await socket.find(isDegraded(null));
    assertEquals((await startTask(url, "size", "after", "xy")).status, 202);
    await untilEnded(url, "after");
    last = await tasksOf(url);
    assertEquals(last.running, ended);
    assertEquals([last.after?.result, last.before?.state], [2, "FINISHED"]);
    program.process.kill("SIGKILL");
    await program.process.ended();
    assertTrouble(program, `Cannot store tasks in "${file}": the disk is full`);
  }
  await using program = await start(folder, file);
  const { url } = program;
  assertEquals(await tasksOf(url), last);
  const { lines, count } = (await call("GET", `${url}/tasks/c/running/logs`)).json;
  assertEquals(
    lines.map(({ text }: { text: string }) => text),
    Array.from({ length: count }, (_, i) => `look ${i + 1}`),
  );
  const missed = (await call("GET", `${url}/tasks/c?after=${cursorBefore}`)).json;
  assertEquals(
    missed.tasks.map(({ id }: Task) => id).filter((id: string) => id === "running" || id === "after"),
    [
      "running",
      "after",
    ],
  );
  assertProblem(await call("GET", `${url}/tasks/c?after=${cursorDuring}`), 410, "cursor_gone");
});

/** Asserts that stderr reports a storage error and its end, alternately, once or several times. */
function assertTrouble({ process }: Program, reason: string): void {
  const lines = process.stderr.trimEnd().split("\n");
  assert(lines.length >= 2 && lines.length % 2 === 0, process.stderr);
  for (const [index, line] of lines.entries()) {
    if (index % 2 === 1) assertEquals(line, "taskscope: Tasks are stored again");
    else {assertStringIncludes(
        line,
        `taskscope: Tasks can't be stored, and are kept in memory for now: ${reason}`,
      );}
  }
}

Deno.test("storage: changes are refused while another program locks the file, and stored afterwards", async () => {
  using folder = new StoreFolder();
  let last: Readonly<Record<string, Task>>;
  {
    await using program = await start(folder, folder.file);
    const { url } = program;
    const flag = `${folder.path}/flag`;
    await startTask(url, "until_file", "running", flag);
    const holder = folder.connect();
    try {
      holder.exec("BEGIN IMMEDIATE");
      const refused = await startTask(url, "size", "during", "four");
      assertProblem(refused, 503, "storage_unavailable");
      const { status, detail } = await untilReady(url, 503);
      assertEquals([status, detail], ["degraded", "another program has locked it (database is locked)"]);
      await Deno.writeTextFile(flag, "");
      assertEquals((await untilEnded(url, "running")).state, "FINISHED");
      holder.exec("ROLLBACK");
    } finally {
      holder.close();
    }
    await untilReady(url, 200);
    last = await tasksOf(url);
    program.process.kill("SIGKILL");
    await program.process.ended();
    assertTrouble(program, `Cannot store tasks in "${folder.file}": another program has locked it`);
  }
  await using program = await start(folder, folder.file);
  assertEquals(await tasksOf(program.url), last);
});

Deno.test("storage: a program notices a file that was deleted or replaced, and acknowledges no change that it did not store", async (t) => {
  const all = ["tasks.db", "tasks.db-wal", "tasks.db-shm"];
  const ways: Readonly<Record<string, (folder: StoreFolder) => void>> = {
    "all files deleted": ({ path }) => all.forEach((name) => Deno.removeSync(`${path}/${name}`)),
    "the database deleted": ({ path }) => Deno.removeSync(`${path}/tasks.db`),
    "the write-ahead log deleted": ({ path }) => Deno.removeSync(`${path}/tasks.db-wal`),
    "a copy in its place": ({ path }) => {
      Deno.copyFileSync(`${path}/tasks.db`, `${path}/copy.db`);
      Deno.renameSync(`${path}/copy.db`, `${path}/tasks.db`);
    },
    "the folder moved away": ({ path }) => Deno.renameSync(path, `${path}-away`),
  };
  for (const [way, change] of Object.entries(ways)) {
    for (const isIdle of [false, true]) {
      await t.step(`${way}, ${isIdle ? "while nothing changes" : "then a change"}`, async () => {
        using folder = new StoreFolder();
        await using program = await start(folder, folder.file);
        const { url } = program;
        await startTask(url, "size", "before", "x");
        await untilEnded(url, "before");
        change(folder);
        if (!isIdle) assertProblem(await startTask(url, "size", "first", "x"), 503, "storage_unavailable");
        const { detail } = await untilReady(url, 503);
        assertMatch(
          String(detail),
          /^it was removed or replaced; restart the server \(not the file that was opened/,
        );
        assertEquals((await tasksOf(url)).before?.state, "FINISHED", "tasks in memory must still be shown");
        if (way === "the folder moved away") await Deno.rename(`${folder.path}-away`, folder.path);
      });
    }
  }
});

Deno.test("storage: a program recovers if its file is moved away and back", async () => {
  using folder = new StoreFolder();
  const last = await (async () => {
    await using program = await start(folder, folder.file);
    const { url } = program;
    await startTask(url, "size", "before", "x");
    await untilEnded(url, "before");
    await Deno.rename(folder.file, `${folder.path}/away.db`);
    await untilReady(url, 503);
    await Deno.rename(`${folder.path}/away.db`, folder.file);
    await untilReady(url, 200);
    assertEquals((await startTask(url, "size", "after", "x")).status, 202);
    await untilEnded(url, "after");
    return await tasksOf(url);
  })();
  await using program = await start(folder, folder.file);
  assertEquals(await tasksOf(program.url), last);
});

Deno.test("storage: a program says at its end that its file was deleted, and creates a new one when restarted", async () => {
  using folder = new StoreFolder();
  {
    await using program = await start(folder, folder.file);
    const { url } = program;
    await startTask(url, "size", "before", "x");
    await untilEnded(url, "before");
    for (const name of ["tasks.db", "tasks.db-wal", "tasks.db-shm"]) {
      await Deno.remove(`${folder.path}/${name}`);
    }
    assertProblem(await startTask(url, "size", "first", "x"), 503, "storage_unavailable");
    const reason = "it was removed or replaced; restart the server (not the file that was opened)";
    assertEquals((await untilReady(url, 503)).detail, reason);
    program.process.kill("SIGTERM");
    const { code, stderr } = await program.process.ended();
    assertEquals(code, 1, "not everything could be stored");
    const said = `Cannot store tasks in "${folder.file}": ${reason}`;
    assertEquals(stderr.split("\n"), [
      `taskscope: Tasks can't be stored, and are kept in memory for now: ${said}`,
      `taskscope: ${said}`,
      "",
    ]);
  }
  await using program = await start(folder, folder.file);
  assertEquals(await tasksOf(program.url), {});
  assertEquals((await startTask(program.url, "size", "anew", "x")).status, 202);
});

/** Makes a file read-only; returns a function that undoes this, or `undefined` if the file cannot be made read-only. */
async function protect(file: string): Promise<(() => Promise<void>) | undefined> {
  await Deno.chmod(file, 0o444);
  if (Deno.uid() !== 0) return () => Deno.chmod(file, 0o600);
  // The file mode does not stop root from writing, but the immutable attribute does.
  const change = async (attribute: string) => {
    return (await new Deno.Command("chattr", { args: [attribute, file], stderr: "null" }).output()).success;
  };
  if (await change("+i").catch(() => false)) return async () => assert(await change("-i"));
  notSeen(
    "The test of a read-only file did not run: root may write to any file, and cannot make one immutable here",
  );
  return undefined;
}

/** A place for a database that the test can make run out of space. */
interface FullableDisk extends AsyncDisposable {
  readonly file: string;
  fill(): Promise<void>;
  free(): Promise<void>;
}

/** Returns a small disk; if none can be mounted, a database in which a trigger raises the error of a full disk. */
async function fullableDisk(folder: StoreFolder): Promise<FullableDisk> {
  const disk = await SmallDisk.mount(8 * MEGABYTE, "The variant with a real disk of the test of a full disk");
  if (disk !== undefined) {
    return {
      file: `${disk.path}/tasks.db`,
      fill: () => disk.fill(),
      free: () => disk.free(),
      [Symbol.asyncDispose]: () => disk[Symbol.asyncDispose](),
    };
  }
  const full = "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
  return {
    file: folder.file,
    fill: () => Promise.resolve(folder.execute(`CREATE TRIGGER full BEFORE INSERT ON records ${full}`)),
    free: () => Promise.resolve(folder.execute("DROP TRIGGER full")),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
