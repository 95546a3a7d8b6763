import { StorageError } from "../../../../lib/errors.ts";
import { FileLock } from "../../../../lib/store/sqlite/file_lock.ts";
import { assertEquals, assertThrows } from "../../../support/assert.ts";
import { StoreFolder } from "../../../support/store_folder.ts";

/** Whether this platform locks files by inode. On other platforms, a file with a second name is refused. */
const LOCKS_INODES = Deno.build.os === "linux" && "tryLockSync" in Deno.FsFile.prototype;

const OTHER_NAME = LOCKS_INODES
  ? "another Taskscope is using it under another name, such as a hard link; stop that process, or name another " +
    "file with --data"
  : "it has 2 names (hard links), and another Taskscope could use it under another one; delete the other names, " +
    "or name a copy of the file with --data";

/** Asserts that a file cannot be locked, and returns the reason. */
function refusal(file: string): string {
  return assertThrows(() => new FileLock(file), StorageError).reason;
}

/** Creates an empty file. */
function create(file: string): void {
  Deno.writeTextFileSync(file, "", { createNew: true });
}

Deno.test("FileLock refuses a second name of a locked file, wherever it is and whenever it was made", () => {
  using folder = new StoreFolder();
  const [early, late, far, symbolic] = ["early.db", "late.db", "sub/far.db", "symbolic.db"].map((name) =>
    `${folder.path}/${name}`
  ) as [string, string, string, string];
  create(folder.file);
  Deno.mkdirSync(`${folder.path}/sub`);
  if (LOCKS_INODES) Deno.linkSync(folder.file, early);
  {
    using _lock = new FileLock(folder.file);
    for (const name of [late, far]) Deno.linkSync(folder.file, name);
    Deno.symlinkSync(far, symbolic);
    for (const name of LOCKS_INODES ? [early, late, far, symbolic] : [late, far, symbolic]) {
      assertEquals(refusal(name).replace(/\d names/, "2 names"), OTHER_NAME, name);
    }
  }
  for (const name of [late, far, symbolic]) {
    if (LOCKS_INODES) new FileLock(name)[Symbol.dispose]();
    else refusal(name);
  }
});

Deno.test("FileLock can lock two different files with the same contents", () => {
  using folder = new StoreFolder();
  create(folder.file);
  const copy = `${folder.path}/copy.db`;
  Deno.copyFileSync(folder.file, copy);
  using _lock = new FileLock(folder.file);
  using _other = new FileLock(copy);
});

Deno.test("FileLock locks a path at which there is no file yet", () => {
  using folder = new StoreFolder();
  using _lock = new FileLock(folder.file);
  assertEquals(
    refusal(folder.file),
    "another Taskscope is using it; stop that process, or name another file with --data",
  );
});

Deno.test("FileLock can be taken again after its release, and leaves the lock of the name free after a refusal", () => {
  using folder = new StoreFolder();
  create(folder.file);
  const link = `${folder.path}/link.db`;
  for (let i = 0; i < 3; i++) {
    {
      using _lock = new FileLock(folder.file);
      Deno.linkSync(folder.file, link);
      refusal(link);
      // After a refusal, the name must not stay locked.
      Deno.removeSync(link);
      create(link);
      using _other = new FileLock(link);
    }
    Deno.removeSync(link);
  }
});
