/** Tests that the API reference describes what the server sends over a WebSocket. */

import { CLOSE } from "../../../lib/http/streams/upgrade.ts";
import { CLOSE_CODES } from "../../../ui/server/docs_examples.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("CLOSE_CODES describes every code with which the server closes a WebSocket", () => {
  assertEquals(CLOSE_CODES.map(({ name }) => Number(name)), Object.values(CLOSE));
});
