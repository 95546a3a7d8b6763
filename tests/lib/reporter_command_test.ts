import { ProtocolError } from "../../lib/errors.ts";
import { parseCommand } from "../../lib/reporter_command.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

Deno.test("parseCommand() reads the kinds that there are, and nothing else", () => {
  const key = { client: "c", id: "1" };
  for (const type of ["cancel", "interrupt", "unknown"] as const) {
    assertEquals(parseCommand({ type, ...key, more: 1 }), { type, ...key });
  }
  for (const reason of ["full", null]) {
    assertEquals(parseCommand({ type: "refused", ...key, reason }), { type: "refused", ...key, reason });
  }
  for (
    const value of [
      { type: "cancel" },
      { type: "interrupt", client: "c" },
      { type: "else", ...key },
      5,
      null,
      [],
    ]
  ) {
    assertThrows(() => parseCommand(value), ProtocolError);
  }
});
