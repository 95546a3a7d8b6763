import { checksumFolder } from "../../../lib/demo/checksum_folder.ts";
import { assertEquals, assertGreater, assertLess, assertRejects } from "../../support/assert.ts";
import { RecordingTask } from "../../support/recording_task.ts";

/** A temporary folder, which is removed when it is disposed of. */
class Folder implements AsyncDisposable {
  readonly path = Deno.makeTempDirSync({ prefix: "checksum_folder_" });

  async write(files: Record<string, string | Uint8Array>): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      const target = `${this.path}/${path}`;
      await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
      await Deno.writeFile(target, typeof content === "string" ? new TextEncoder().encode(content) : content);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

async function sha256(content: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** Computes the expected checksum with Web Crypto from known file contents. */
async function expectedChecksum(files: Record<string, string | Uint8Array<ArrayBuffer>>): Promise<string> {
  const lines: string[] = [];
  for (const path of Object.keys(files).sort()) lines.push(`${await sha256(files[path]!)}  ${path}\n`);
  return await sha256(lines.join(""));
}

const FILES = {
  "b.txt": "second",
  "a.txt": "first",
  "empty": "",
  "folder/c.txt": "third",
  "folder/deep/er/d": "fourth",
  // This file needs several reads, and its length is not a multiple of the size of a read.
  "big.bin": new Uint8Array(1_000_003).fill(7),
};
const BYTES = 6 + 5 + 0 + 5 + 6 + 1_000_003;

Deno.test("checksumFolder() counts and hashes every file below the root", async () => {
  await using folder = new Folder();
  await folder.write(FILES);
  const task = new RecordingTask();
  assertEquals(await checksumFolder(folder.path)(task), {
    files: 6,
    bytes: BYTES,
    skipped: 0,
    checksum: await expectedChecksum(FILES),
  });
  assertEquals(task.lines, []);
});

Deno.test({
  name: "checksumFolder() agrees with find, sort and sha256sum",
  ignore: Deno.build.os !== "linux", // find and xargs need their GNU options.
  async fn() {
    await using folder = new Folder();
    await folder.write(FILES);
    const pipe = "find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum";
    const { stdout } = await new Deno.Command("sh", { args: ["-c", pipe], cwd: folder.path }).output();
    const { checksum } = await checksumFolder(folder.path)(new RecordingTask());
    assertEquals(`${checksum}  -\n`, new TextDecoder().decode(stdout));
  },
});

Deno.test("checksumFolder() accepts a folder below the root, relative or absolute", async () => {
  await using folder = new Folder();
  await folder.write(FILES);
  const expected = await expectedChecksum({ "c.txt": "third", "deep/er/d": "fourth" });
  for (const path of ["folder", "./folder/", `${folder.path}/folder`]) {
    const result = await checksumFolder(folder.path)(new RecordingTask(), { folder: path });
    assertEquals(result, { files: 2, bytes: 11, skipped: 0, checksum: expected });
  }
});

Deno.test("checksumFolder() reports the bytes read, the total and the current file", async () => {
  await using folder = new Folder();
  await folder.write(FILES);
  const task = new RecordingTask();
  await checksumFolder(folder.path)(task);
  const counted = task.updates.filter((update) => typeof update.current === "number");
  assertGreater(counted.length, 6 + 3);
  assertEquals(new Set(counted.map((update) => update.total)), new Set([BYTES]));
  const amounts = counted.map((update) => update.current!);
  assertEquals(amounts, amounts.toSorted((a, b) => a - b));
  assertEquals(amounts.at(-1), BYTES);
  assertEquals(task.updates[0]?.unit, "B");
  const readings = new Set(counted.map((update) => update.status?.replace(/\d+ of/, "n of")));
  for (const path of Object.keys(FILES)) {
    assertEquals(readings.has(`Reading ${path} (n of 6)`), true, path);
  }
});

Deno.test("checksumFolder() accepts an empty folder", async () => {
  await using folder = new Folder();
  const result = await checksumFolder(folder.path)(new RecordingTask());
  assertEquals(result, { files: 0, bytes: 0, skipped: 0, checksum: await sha256("") });
});

Deno.test("checksumFolder() rejects paths outside the root", async () => {
  await using outside = new Folder();
  await outside.write({ "secret": "secret", "root/a": "a", "root-other/b": "b" });
  const root = `${outside.path}/root`;
  await Deno.symlink(outside.path, `${root}/link`);
  const ways = [
    "..",
    "../",
    "../root",
    "../root-other",
    "x/../..",
    "..\\",
    outside.path,
    `${outside.path}/root-other`,
    `${root}/../root-other`,
    "/",
    "link",
    "link/root-other",
    "../does-not-exist",
  ];
  for (const folder of ways) {
    await assertRejects(
      () => checksumFolder(root)(new RecordingTask(), { folder }),
      RangeError,
      `wanted a path below the configured root, received "${folder}"`,
    );
  }
});

Deno.test("checksumFolder() rejects paths that are not folders", async () => {
  await using folder = new Folder();
  await folder.write({ "a": "a" });
  const run = checksumFolder(folder.path);
  await assertRejects(
    () => run(new RecordingTask(), { folder: 7 }),
    TypeError,
    '"folder" must be a string, received 7',
  );
  await assertRejects(
    () => run(new RecordingTask(), { folder: "a" }),
    Deno.errors.NotADirectory,
    "is a file",
  );
  await assertRejects(() => run(new RecordingTask(), { folder: "b" }), Deno.errors.NotFound, 'no "b" below');
});

Deno.test("checksumFolder() does not follow symbolic links inside the root", async () => {
  await using folder = new Folder();
  await folder.write({ "folder/a": "a" });
  await Deno.symlink(folder.path, `${folder.path}/folder/cycle`);
  await Deno.symlink(`${folder.path}/folder/a`, `${folder.path}/link`);
  await Deno.symlink(`${folder.path}/nowhere`, `${folder.path}/dangling`);
  const result = await checksumFolder(folder.path)(new RecordingTask());
  assertEquals(result, {
    files: 1,
    bytes: 1,
    skipped: 0,
    checksum: await expectedChecksum({ "folder/a": "a" }),
  });
});

Deno.test("checksumFolder() skips, counts and logs a file that is deleted while it runs", async () => {
  await using folder = new Folder();
  await folder.write({ "kept": "kept", "vanishing": "vanishing" });
  const task = new RecordingTask((update) => {
    if (update.status === "Found 2 files") Deno.removeSync(`${folder.path}/vanishing`);
  });
  assertEquals(await checksumFolder(folder.path)(task), {
    files: 1,
    bytes: 4,
    skipped: 1,
    checksum: await expectedChecksum({ "kept": "kept" }),
  });
  assertEquals(task.lines, ["Skipped vanishing: NotFound"]);
  assertEquals(task.updates.at(-1), { status: "Read 1 files", current: 4, total: 4 });
});

Deno.test("checksumFolder() corrects the total for files that grow or shrink while it runs", async () => {
  await using folder = new Folder();
  await folder.write({ "grown": "1", "shrunk": "12345" });
  const task = new RecordingTask((update) => {
    if (update.status !== "Found 2 files") return;
    Deno.writeTextFileSync(`${folder.path}/grown`, "123");
    Deno.writeTextFileSync(`${folder.path}/shrunk`, "1");
  });
  assertEquals((await checksumFolder(folder.path)(task)).bytes, 4);
  assertEquals(task.updates.at(-1), { status: "Read 2 files", current: 4, total: 4 });
  for (const { current, total } of task.updates) {
    if (typeof current === "number") assertEquals(current <= total!, true);
  }
});

Deno.test("checksumFolder() rejects with the signal's reason while it lists files and while it reads them", async () => {
  await using folder = new Folder();
  await folder.write(Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`${index}`, "x"])));
  const reason = new Error("stop");
  for (const moment of [/^Looking/, /^Reading/]) {
    const task = new RecordingTask((update, task) => {
      if (moment.test(update.status ?? "")) task.stop(reason);
    });
    const caught = await assertRejects(() => checksumFolder(folder.path)(task));
    assertEquals(caught, reason);
    assertLess(task.updates.length, 10);
    assertEquals(task.lines, []);
  }
});
