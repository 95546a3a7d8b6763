import { groupMark } from "../../../lib/text/group_marks.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("groupMark() reads only the group marks of CI systems, with or without colours", () => {
  for (const text of ["::group::Run tests", "##[group]Run tests", "  \x1b[1m::group::Run tests\x1b[0m "]) {
    assertEquals(groupMark(text), { isStart: true, title: "Run tests" }, text);
  }
  assertEquals(groupMark("::group::"), { isStart: true, title: "" });
  for (const text of ["::endgroup::", "##[endgroup]", "::endgroup:: and more"]) {
    assertEquals(groupMark(text), { isStart: false }, text);
  }
  for (
    const text of ["", "group", "echo ::group::x", "::groups::x", "::group:x", ":: group::x", "##[endgroups]"]
  ) {
    assertEquals(groupMark(text), null, text);
  }
  const long = groupMark(`::group::${"x".repeat(100_000)}`);
  assertEquals(long?.isStart === true && long.title.length, 200);
});
