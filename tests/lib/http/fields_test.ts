import { formFields, queryFields } from "../../../lib/http/fields.ts";
import { Problem } from "../../../lib/http/problem.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

Deno.test("queryFields() reads the parameters after the first question mark", () => {
  assertEquals([...queryFields("http://x/a")], []);
  assertEquals([...queryFields("http://x/a?")], []);
  assertEquals([...queryFields("http://x/a?b=1&c=%3F?&b=2")], [["b", "1"], ["c", "??"], ["b", "2"]]);
});

Deno.test("queryFields() and formFields() refuse too many fields before they parse them", () => {
  const most = { query: 256, form: 4_096 };
  assertEquals(queryFields(`/?${"a=1&".repeat(most.query - 1)}a`).getAll("a").length, most.query);
  assertEquals(formFields(`${"a=1&".repeat(most.form - 1)}a`).getAll("a").length, most.form);
  for (const text of ["a&".repeat(5_000), "&".repeat(5_000), "a=b&c=%26&".repeat(2_500)]) {
    for (const parse of [() => queryFields(`/?${text}`), () => formFields(text)]) {
      assertEquals(assertThrows(parse, Problem).code, "too_many");
    }
  }
});
