/** Tests reading the key from the environment variable TASKSCOPE_KEY. */

import { defaultKey } from "../../../lib/reporter/default_key.ts";
import { assertEquals } from "../../support/assert.ts";
import { Variable } from "../../support/variable.ts";
import { Warnings } from "../../support/warnings.ts";

Deno.test("defaultKey() returns TASKSCOPE_KEY, and warns once if a header can't carry it, without the key", () => {
  using warnings = new Warnings();
  using variable = new Variable("TASKSCOPE_KEY");
  assertEquals(defaultKey(), null);
  for (const key of ["a", "a-key_of/16+chars=", "~".repeat(2_048)]) {
    variable.value = key;
    assertEquals(defaultKey(), key);
  }
  variable.value = "";
  assertEquals([defaultKey(), warnings.texts], [null, []]);
  for (const key of ["a key", "key\n", "key\r\nX-Header: x", "schlüssel", "~".repeat(2_049)]) {
    variable.value = key;
    assertEquals(defaultKey(), null);
  }
  const wanted = "wanted ASCII without spaces and line breaks, received 5 characters";
  assertEquals(warnings.texts, [`[taskscope] Ignored TASKSCOPE_KEY: ${wanted}`]);
});
