/** Tests the parsing of commands to reporters. */

import fc from "fast-check";
import { ProtocolError } from "../../../lib/errors.ts";
import { parseCommand, type ReporterCommand } from "../../../lib/reporter/reporter_command.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { clientTokens, taskIds } from "../../support/keys.ts";

const commands: fc.Arbitrary<ReporterCommand> = fc.oneof(
  fc.record({
    type: fc.constantFrom("cancel" as const, "interrupt" as const, "unknown" as const),
    client: clientTokens,
    id: taskIds,
  }),
  fc.record({
    type: fc.constant("refused" as const),
    client: clientTokens,
    id: taskIds,
    reason: fc.option(fc.string()),
  }),
);

Deno.test("parseCommand() parses every command and drops unknown fields", () => {
  fc.assert(fc.property(commands, fc.jsonValue(), (command, more) => {
    assertEquals(
      parseCommand(JSON.parse(JSON.stringify({ more, ...command }))),
      JSON.parse(JSON.stringify(command)),
    );
  }));
});

Deno.test("parseCommand() ignores a reason that is not a string", () => {
  for (const reason of [undefined, null, 5, {}, ["full"]]) {
    const command = { type: "refused", client: "c", id: "1", reason };
    assertEquals(parseCommand(command), { ...command, type: "refused", reason: null });
  }
});

Deno.test("parseCommand() throws for values that are not commands", () => {
  const key = { client: "c", id: "1" };
  const wrong: unknown[] = [
    { type: "cancel" },
    { type: "interrupt", client: "c" },
    { type: "unknown", id: "1" },
    { type: "cancel", client: "..", id: "1" },
    { type: "cancel", client: "c", id: "__proto__" },
    { type: "refused", client: 5, id: "1", reason: null },
    { type: "else", ...key },
    { type: "taken", ...key },
    key,
    5,
    null,
    [],
    "cancel",
  ];
  for (const value of wrong) {
    const error = assertThrows(() => parseCommand(value), ProtocolError);
    assert(error.message.startsWith("Cannot read "), error.message);
  }
});
