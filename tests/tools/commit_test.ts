import { COMMIT_OUTPUTS } from "../../.tools/commit.ts";
import { COMMIT } from "../../lib/commit.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";

Deno.test("lib/dist/commit.txt contains an abbreviated commit or nothing", async () => {
  const [file] = COMMIT_OUTPUTS as [URL];
  const written = await Deno.readTextFile(file);
  assertMatch(written, /^([0-9a-f]{7,40}(-dirty)?)?$/);
  assertEquals(COMMIT, written);
});
