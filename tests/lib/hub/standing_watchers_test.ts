/** Tests what a hub keeps in memory for a watcher that has received its first messages. */

import { assertEquals, assertLess } from "../../support/assert.ts";

/** The program's watchers receive a state of 160 kB, or a task of 16 kB. */
const MAX_BYTES = 5_000;

Deno.test("a watcher keeps no memory for its first messages once they are sent", async () => {
  const program = new URL("standing_watchers.ts", import.meta.url);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--v8-flags=--expose-gc", program.href],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals([text(stderr), code], ["", 0]);
  const kinds = Object.entries<number>(JSON.parse(text(stdout)));
  assertEquals(kinds.length, 12);
  for (const [kind, bytes] of kinds) assertLess(bytes, MAX_BYTES, `a watcher of ${kind}`);
});
