import { storable } from "../../../../lib/store/database/storable.ts";
import { assertEquals } from "../../../support/assert.ts";

Deno.test("storable() replaces only characters that SQLite cannot store", () => {
  assertEquals(storable("a\0b\0"), "a\ufffdb\ufffd");
  assertEquals(storable("half \ud83d and \udc00"), "half \ufffd and \ufffd");
  for (const text of ["", "plain", "é 😀 \u{10ffff}", "\t\n'\"\\"]) assertEquals(storable(text), text);
});
