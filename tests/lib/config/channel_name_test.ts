import { resolveChannel } from "../../../lib/config/channel_name.ts";
import { ConfigError } from "../../../lib/errors.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

Deno.test("resolveChannel() accepts names of 1 to 128 characters", () => {
  assertEquals([resolveChannel(), resolveChannel("x"), resolveChannel("x".repeat(128)).length], [
    "taskscope",
    "x",
    128,
  ]);
  for (const name of ["", "x".repeat(129)]) {
    const error = assertThrows(() => resolveChannel(name), ConfigError);
    assertEquals(error.message, `Cannot use channel: wanted 1 to 128 characters, received ${name.length}`);
  }
});
