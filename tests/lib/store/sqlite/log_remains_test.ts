/**
 * Tests of the detection of a damaged write-ahead log, with the files of processes that were killed. With
 * `TASKSCOPE_SOAK=1`, fifty processes are killed.
 */

import { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../../../lib/errors.ts";
import { logRemainsOf, lostPages } from "../../../../lib/store/sqlite/log_remains.ts";
import { DatabaseFile } from "../../../../lib/store/sqlite/database_file.ts";
import { assert, assertEquals, assertGreater, assertThrows } from "../../../support/assert.ts";
import { writeAndDie } from "../../../support/killed_writer.ts";
import { repetitions } from "../../../support/repetitions.ts";
import { randomNumbers } from "../../../support/simulated_wire.ts";
import { StoreFolder } from "../../../support/store_folder.ts";

const HEADER_BYTES = 32;
const FRAME_BYTES = 24 + 4_096;
const ROUNDS = repetitions({ gate: 5, soak: 50 });
const SEED = Number(Deno.env.get("TASKSCOPE_SEED") ?? Date.now() % 1_000_000);

const SUFFIXES = ["", "-wal", "-shm"] as const;

/** The contents of the files of a database; `null` for a file that does not exist. */
type Files = Readonly<Record<typeof SUFFIXES[number], Uint8Array<ArrayBuffer> | null>>;

/** Reads the files of a database that no process has open. */
function read({ file }: StoreFolder): Files {
  const entries = SUFFIXES.map((suffix) => {
    try {
      return [suffix, Deno.readFileSync(`${file}${suffix}`)];
    } catch {
      return [suffix, null];
    }
  });
  return Object.fromEntries(entries);
}

/** Opens a database with these files; returns the report of a loss, and the number of remaining tasks. */
function open(files: Files): { readonly loss: string | null; readonly tasks: number } {
  using folder = new StoreFolder();
  for (const suffix of SUFFIXES) {
    const bytes = files[suffix];
    if (bytes !== null) Deno.writeFileSync(`${folder.file}${suffix}`, bytes);
  }
  using database = new DatabaseFile(folder.file);
  const tasks = Number(database.row("SELECT count(*) FROM tasks")?.[0]);
  return { loss: database.loss?.replaceAll(folder.file, "FILE") ?? null, tasks };
}

/**
 * Reads from the index of the log how many pages were committed, and how many of them were transferred to the
 * database.
 */
function figures({ "-shm": index }: Files): { readonly committed: number; readonly transferred: number } {
  const view = new DataView(index!.buffer);
  return { committed: view.getUint32(16, true), transferred: view.getUint32(96, true) };
}

/**
 * Returns the files with the log truncated to the given number of pages, and the given number of bytes of the
 * next page.
 */
function cut(files: Files, pages: number, moreBytes = 0): Files {
  return { ...files, "-wal": files["-wal"]!.slice(0, HEADER_BYTES + pages * FRAME_BYTES + moreBytes) };
}

/** Returns the files with one inverted byte in one of them. */
function flip(files: Files, suffix: "-wal" | "-shm", at: number): Files {
  const bytes = files[suffix]!.slice();
  bytes[at]! ^= 0xff;
  return { ...files, [suffix]: bytes };
}

/** Returns the report of a lost end of the log. */
function report(committed: number, lost: number): string {
  return `Changes were lost: of the ${committed} pages in the write-ahead log of "FILE", the last ${lost} are missing ` +
    "or damaged, although they were committed; if you need these changes, restore a backup";
}

Deno.test("DatabaseFile reports a truncated or damaged log of a killed process, and never an intact one", async () => {
  const random = randomNumbers(SEED);
  for (let round = 0; round < ROUNDS; round++) {
    using folder = new StoreFolder();
    const commits = 1 + Math.floor(random() * 60);
    await writeAndDie(folder, { commits, end: "kill" });
    const files = read(folder);
    const { committed, transferred } = figures(files);
    const what = `round ${round} of seed ${SEED}, with ${committed} pages`;
    assertGreater(committed, 0, what);
    assertEquals(transferred, 0, what);
    assertEquals(open(files), { loss: null, tasks: commits }, what);
    // A process that is killed during a commit leaves pages after the last commit, which are not reported as
    // lost.
    const unfinished = new Uint8Array([...files["-wal"]!, ...new Uint8Array(FRAME_BYTES)]);
    assertEquals(open({ ...files, "-wal": unfinished }), { loss: null, tasks: commits }, what);

    for (let n = 0; n < 8; n++) {
      const pages = Math.floor(random() * committed);
      // In every second round, the log ends within a page.
      const { loss, tasks } = open(cut(files, pages, n % 2 === 0 ? 0 : Math.floor(random() * FRAME_BYTES)));
      const lost = Number(/the last (\d+)/.exec(loss ?? "")?.[1]);
      assertEquals(loss, report(committed, lost), `${what}, cut after ${pages}`);
      assert(lost >= committed - pages, `${what}, cut after ${pages}: ${lost} lost`);
      assert(tasks < commits, `${what}, cut after ${pages}: nothing was lost`);
      const damaged = open(
        flip(files, "-wal", HEADER_BYTES + pages * FRAME_BYTES + Math.floor(random() * FRAME_BYTES)),
      );
      assertEquals(damaged.loss?.slice(0, 17), "Changes were lost", `${what}, damaged in page ${pages}`);
    }
    for (
      const log of [
        null,
        new Uint8Array(),
        files["-wal"]!.slice(0, 20),
        new Uint8Array(files["-wal"]!.length),
      ]
    ) {
      assertEquals(
        open({ ...files, "-wal": log }).loss,
        report(committed, committed),
        `${what}, ${log?.length} bytes`,
      );
    }
    // Damage each part of the header: magic number, version, page size, salts and checksum.
    for (const at of [0, 5, 10, 17, 21, 25]) {
      assertEquals(
        open(flip(files, "-wal", at)).loss,
        report(committed, committed),
        `${what}, header byte ${at}`,
      );
    }
  }
});

Deno.test("DatabaseFile reports nothing if there is no index that belongs to the log", async () => {
  using folder = new StoreFolder();
  await writeAndDie(folder, { commits: 20, end: "kill" });
  const files = read(folder);
  const { committed } = figures(files);
  const short = cut(files, Math.floor(committed / 2));
  using other = new StoreFolder();
  await writeAndDie(other, { commits: 30, end: "kill" });
  const others = read(other);

  assertEquals(open({ ...short, "-shm": null }).loss, null, "no index");
  assertEquals(open({ ...short, "-shm": new Uint8Array() }).loss, null, "an empty index");
  assertEquals(open({ ...short, "-shm": files["-shm"]!.slice(0, 90) }).loss, null, "half an index");
  assertEquals(open({ ...short, "-shm": new Uint8Array(32_768) }).loss, null, "an index of zeros");
  assertEquals(open({ ...short, "-shm": others["-shm"] }).loss, null, "the index of another log");
  // One intact copy of the header of the index is enough.
  for (const at of [16, 64]) assert(open(flip(short, "-shm", at)).loss !== null, `index byte ${at}`);
  assertEquals(open(flip(flip(short, "-shm", 16), "-shm", 64)).loss, null, "two damaged headers");
});

Deno.test("DatabaseFile reports nothing after an orderly end, even if all other files are deleted", async () => {
  using folder = new StoreFolder();
  for (let n = 0; n < 3; n++) await writeAndDie(folder, { commits: 10, end: "close" });
  const files = read(folder);
  assertEquals(open(files), { loss: null, tasks: 30 });
  assertEquals(open({ ...files, "-wal": null, "-shm": null }), { loss: null, tasks: 30 });
});

Deno.test("DatabaseFile reports no loss if all pages of the missing log are in the database file", async () => {
  using folder = new StoreFolder();
  await writeAndDie(folder, { commits: 10, end: "kill" });
  // Another program transfers the log to the database, and is also killed.
  const script = `import { DatabaseSync } from "node:sqlite";
    const db = new DatabaseSync(${JSON.stringify(folder.file)});
    db.prepare("PRAGMA wal_checkpoint(FULL)").get();
    Deno.kill(Deno.pid, "SIGKILL");`;
  await new Deno.Command(Deno.execPath(), { args: ["eval", script] }).output();
  const files = read(folder);
  const { committed, transferred } = figures(files);
  assertGreater(committed, 0);
  assertEquals(transferred, committed);
  assertEquals(open(files), { loss: null, tasks: 10 });
  assertEquals(open({ ...files, "-wal": null }), { loss: null, tasks: 10 });
  // A truncated log would overwrite the transferred pages with older versions, so a loss is reported.
  assert(open(cut(files, committed - 1)).loss !== null);
});

Deno.test("lostPages() returns 0 if another connection has transferred the log since its index was read", () => {
  for (const isRestarted of [false, true]) {
    using folder = new StoreFolder();
    const other = new DatabaseSync(folder.file);
    other.exec(
      "PRAGMA journal_mode = WAL; CREATE TABLE t (n); INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)",
    );
    const remains = logRemainsOf(folder.file)!;
    assertGreater(remains.committed, 0);
    if (isRestarted) other.exec("PRAGMA wal_checkpoint(RESTART); INSERT INTO t VALUES (3)");
    // The last connection to be closed transfers the log to the database, and removes it.
    else other.close();
    const db = new DatabaseSync(folder.file);
    const rows = Number(db.prepare("SELECT count(*) AS n FROM t").get()?.n);
    assertEquals([rows, lostPages(db, folder.file, remains)], [isRestarted ? 3 : 2, 0]);
    db.close();
    if (isRestarted) other.close();
  }
});

Deno.test("SqliteStore reports a loss even if the tasks cannot be loaded", async () => {
  using folder = new StoreFolder();
  await folder.open()[Symbol.asyncDispose]();
  // The first start after this one is that of the process that is killed.
  folder.execute(
    `CREATE TRIGGER third BEFORE INSERT ON meta WHEN (SELECT value FROM meta WHERE name = 'term') > 1
    BEGIN SELECT RAISE(ABORT, 'not a third time'); END`,
  );
  await writeAndDie(folder, { commits: 10, end: "kill" });
  await Deno.truncate(`${folder.file}-wal`, HEADER_BYTES + 12 * FRAME_BYTES);
  const notices: string[] = [];
  assertThrows(
    () => folder.open({ notice: (text) => notices.push(text) }),
    StorageError,
    "not a third time",
  );
  assertEquals(notices.map((text) => text.split(":")[0]), ["Changes were lost"]);
});

Deno.test("SqliteStore reports a loss once, and continues with the remaining data", async () => {
  using folder = new StoreFolder();
  await writeAndDie(folder, { commits: 10, end: "kill" });
  await Deno.truncate(`${folder.file}-wal`, HEADER_BYTES + 12 * FRAME_BYTES);
  const notices: string[] = [];
  {
    await using store = folder.open({ notice: (text) => notices.push(text) });
    assertEquals(notices.map((text) => text.split(":")[0]), ["Changes were lost"]);
    assert(store.index.count("c") < 10);
  }
  await using _store = folder.open();
});
