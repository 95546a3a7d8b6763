import { StorageError } from "../../../../lib/errors.ts";
import { storageError } from "../../../../lib/store/sqlite/storage_errors.ts";
import { assertEquals, assertStrictEquals } from "../../../support/assert.ts";

Deno.test("storageError() explains the problem and its solution, and includes SQLite's own message", () => {
  const table: Record<string, string> = {
    "database or disk is full": "the disk is full",
    "No space left on device (os error 28): open 'x'": "the disk is full",
    "attempt to write a readonly database": "it cannot be written to; make it writable",
    "Read-only file system (os error 30): open 'x'": "it cannot be written to; make it writable",
    "database disk image is malformed": "the file is damaged; restore a backup",
    "file is not a database": "it is not a database; move it away",
    "database is locked": "another program has locked it",
    "database table is locked": "another program has locked it",
    "unable to open database file": "it cannot be opened; its folder must exist",
    "No such file or directory (os error 2): open 'x'": "it cannot be opened; its folder must exist",
    "The system cannot find the path specified. (os error 3): open 'x'": "it cannot be opened; its folder",
    "Not a directory (os error 20): open 'x'": "it cannot be opened; its folder must exist",
    "Permission denied (os error 13): open 'x'": "it cannot be opened; its folder must exist",
    "disk I/O error": "the disk reports an error, or it is full",
  };
  for (const [said, meaning] of Object.entries(table)) {
    const cause = new Error(said);
    const error = storageError("/data/x.db", cause);
    assertEquals(error.reason.slice(0, meaning.length), meaning, said);
    assertEquals(error.reason.endsWith(` (${said})`), true, said);
    assertEquals(error.message, `Cannot store tasks in "/data/x.db": ${error.reason}`);
    assertStrictEquals(error.cause, cause);
  }
});

Deno.test("storageError() omits Deno's advice about protected files", () => {
  for (
    const advice of [
      "run again with the --allow-all flag",
      "specify the required permissions during compilation using `deno compile --allow-all`",
    ]
  ) {
    const { reason } = storageError(
      "/proc/x.db",
      new Error(`Requires all access to "/proc/x.db", ${advice}`),
    );
    assertEquals(
      reason,
      "it cannot be used, because the system protects it; name another file with --data",
    );
  }
});

Deno.test("storageError() names the path in the message, but not in the reason", () => {
  const error = storageError("/data/x.db", new Error("unable to open database file: /data/x.db.lock"));
  assertEquals(
    error.reason,
    "it cannot be opened; its folder must exist and be writable (unable to open database file: ….lock)",
  );
  assertEquals(error.message.startsWith('Cannot store tasks in "/data/x.db": '), true);
  assertEquals(
    storageError("/data/x.db", new Error("Permission denied (os error 13): open '/data/x.db'")).reason,
    "it cannot be opened; its folder must exist and be writable (Permission denied (os error 13): open …)",
  );
  assertEquals(storageError("a", new Error("database is locked")).reason.slice(-20), "(database is locked)");
});

Deno.test("storageError() keeps unknown messages and existing storage errors unchanged", () => {
  assertEquals(storageError("x", new Error("something new")).reason, "something new");
  assertEquals(storageError("x", "just text").reason, "just text");
  const known = new StorageError("y", "known");
  assertStrictEquals(storageError("x", known), known);
});
