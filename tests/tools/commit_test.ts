import { COMMIT_OUTPUTS } from "../../.tools/commit.ts";
import { COMMIT } from "../../lib/commit.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";

Deno.test("lib/dist/commit.txt holds a commit as git abbreviates it, or nothing, and nothing else", async () => {
  const [file] = COMMIT_OUTPUTS as [URL];
  const noted = await Deno.readTextFile(file);
  assertMatch(noted, /^([0-9a-f]{7,40}(-dirty)?)?$/);
  assertEquals(COMMIT, noted);
});
