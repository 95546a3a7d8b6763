import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { InsertStatement } from "../../../../lib/store/database/insert_statement.ts";
import { assertEquals, assertThrows } from "../../../support/assert.ts";

/** Opens a database in memory with a table, and returns a statement that inserts into it. */
function open(head: string, tail = "") {
  const db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT) STRICT");
  return {
    db,
    insert: new InsertStatement(db, `${head} INTO t`, ["id", "text"], tail),
    [Symbol.dispose]: () => db.close(),
  };
}

Deno.test("InsertStatement.run() inserts any number of rows in order, the last of which with each key counts", () => {
  const lists = fc.array(fc.array(fc.tuple(fc.nat(40), fc.string()), { maxLength: 70 }), { maxLength: 4 });
  fc.assert(fc.property(lists, (batches) => {
    for (
      const [head, tail] of [["INSERT OR REPLACE"], [
        "INSERT",
        "ON CONFLICT (id) DO UPDATE SET text = excluded.text",
      ]]
    ) {
      using opened = open(head!, tail);
      const naive = new Map<number, string>();
      for (const rows of batches) {
        assertEquals(opened.insert.run(rows), rows.length);
        // SQLite ends a text at a NUL only when it is read as a C string, which `node:sqlite` does not do.
        for (const [id, text] of rows) naive.set(id, text);
      }
      const rows = opened.db.prepare("SELECT id, text FROM t").all().map(({ id, text }) => [id, text]);
      assertEquals(rows, [...naive].sort(([left], [right]) => left - right));
    }
  }));
});

Deno.test("InsertStatement.run() counts the rows that were inserted", () => {
  using opened = open("INSERT OR IGNORE");
  const rows = Array.from({ length: 45 }, (_, index) => [index % 30, "text"]);
  assertEquals([opened.insert.run(rows), opened.insert.run(rows), opened.insert.run([])], [30, 0, 0]);
});

Deno.test("InsertStatement.run() refuses rows with a wrong number of values, alone and among others", () => {
  using opened = open("INSERT");
  assertThrows(() => opened.insert.run([[1]]), Error, "wanted rows of 2 values");
  assertThrows(() => opened.insert.run([[1, "a"], [2]]), Error, "wanted rows of 2 values");
});
