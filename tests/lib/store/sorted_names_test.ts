import fc from "fast-check";
import { SortedNames } from "../../../lib/store/sorted_names.ts";
import { assertEquals } from "../../support/assert.ts";

/** Compares names by the UTF-8 of their JSON texts, as SQLite does. */
function compareBytes(left: string, right: string): number {
  const [one, other] = [left, right].map((name) => new TextEncoder().encode(JSON.stringify(name)));
  const index = one!.findIndex((byte, index) => byte !== other![index]);
  return index < 0 ? one!.length - other!.length : one![index]! - (other![index] ?? -1);
}

Deno.test("SortedNames keeps different names in the order of the bytes of their JSON texts", () => {
  const name = fc.oneof(
    fc.constantFrom("", "a", "ab", "\u{1f600}", "\ufffd", "\ud800", "nul \0", '"', "__proto__"),
    fc.string({ unit: "binary", maxLength: 3 }),
  );
  fc.assert(fc.property(
    fc.array(name),
    fc.array(fc.tuple(name, fc.boolean())),
    fc.option(name),
    (first, changes, after) => {
      const sorted = new SortedNames(first);
      const known = new Set(first);
      for (const [name, isAdded] of changes) {
        if (isAdded) sorted.add(name);
        else sorted.delete(name);
        if (isAdded) known.add(name);
        else known.delete(name);
      }
      const expected = [...known].sort(compareBytes);
      assertEquals([...sorted.after(null)], expected);
      assertEquals(
        [...sorted.after(after)],
        after === null ? expected : expected.filter((name) => compareBytes(name, after) > 0),
      );
    },
  ));
});
