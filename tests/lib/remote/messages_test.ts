/** Tests the parsing of messages between remote reporters and the server. */

import fc from "fast-check";
import { ProtocolError } from "../../../lib/errors.ts";
import {
  isReporterId,
  parseBatch,
  parseReply,
  type ReportReply,
  writeBatch,
} from "../../../lib/remote/messages.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { CLOCK_START, FakeClock } from "../../support/fake_clock.ts";
import { clientTokens, taskIds } from "../../support/keys.ts";

const batchNumbers = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

const replies: fc.Arbitrary<ReportReply> = fc.oneof(
  fc.record({ type: fc.constant("taken" as const), batch: batchNumbers }),
  fc.record({ type: fc.constantFrom("alive" as const, "closing" as const) }),
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

Deno.test("parseBatch() parses the output of writeBatch()", () => {
  using _clock = new FakeClock();
  const secrets = fc.option(fc.string({ maxLength: 128 }));
  fc.assert(fc.property(batchNumbers, fc.array(fc.json()), secrets, (batch, reports, secret) => {
    const read = parseBatch(JSON.parse(writeBatch(batch, reports, secret)));
    const parsed = reports.map((report) => JSON.parse(report));
    assertEquals(read, { batch, sentAt: CLOCK_START, reports: parsed, secret });
  }));
  for (const secret of ["x".repeat(129), 5, {}, []]) {
    assertThrows(() => parseBatch({ batch: 1, reports: [], secret }), ProtocolError, '"secret"');
  }
});

Deno.test("parseBatch() treats an invalid time of sending as missing", () => {
  for (const sent_at of [undefined, null, "now", [], {}, Infinity]) {
    assertEquals(parseBatch({ batch: 1, sent_at, reports: [] }).sentAt, null);
  }
  assertEquals(parseBatch({ batch: 1, sent_at: -5, reports: [] }).sentAt, -5);
});

Deno.test("parseReply() parses every kind of reply and drops unknown fields", () => {
  fc.assert(fc.property(replies, fc.dictionary(fc.constantFrom("more", "at", "__proto__"), fc.json()), (
    reply,
    more,
  ) => {
    const sent = JSON.stringify({ ...more, ...reply });
    assertEquals(parseReply(JSON.parse(sent)), JSON.parse(JSON.stringify(reply)));
  }));
});

Deno.test("parseBatch() and parseReply() throw only a ProtocolError on arbitrary JSON", () => {
  const fields = fc.record({
    type: fc.oneof(fc.constantFrom("taken", "alive", "cancel", "refused", "unknown", "TAKEN"), fc.json()),
    batch: fc.oneof(batchNumbers, fc.double(), fc.constant("1"), fc.constant(null)),
    reports: fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()),
    client: fc.oneof(clientTokens, fc.jsonValue()),
    id: fc.oneof(taskIds, fc.jsonValue()),
    reason: fc.jsonValue(),
  }, { requiredKeys: [] });
  let taken = 0;
  fc.assert(
    fc.property(fc.oneof(fields, fc.jsonValue()), (value) => {
      for (const parse of [parseBatch, parseReply]) {
        try {
          parse(value);
          taken++;
        } catch (error) {
          assert(error instanceof ProtocolError, String(error));
        }
      }
    }),
    { numRuns: 2_000 },
  );
  assert(taken > 100, `only ${taken} were accepted`);
});

Deno.test("parseBatch() rejects invalid batch numbers, and reports that are not an array", () => {
  for (const batch of [-1, 1.5, 2 ** 53, "1", null, undefined, NaN]) {
    assertThrows(() => parseBatch({ batch, reports: [] }), ProtocolError, 'Cannot read "batch"');
    assertThrows(() => parseReply({ type: "taken", batch }), ProtocolError, 'Cannot read "batch"');
  }
  for (const reports of [undefined, null, {}, "[]"]) {
    assertThrows(() => parseBatch({ batch: 1, reports }), ProtocolError, 'Cannot read "reports"');
  }
  for (const value of [null, [], "a", 5]) assertThrows(() => parseBatch(value), ProtocolError, "an object");
});

Deno.test("isReporterId() requires 8 to 64 letters, digits, dashes or underscores", () => {
  for (const id of ["abcdefgh", "A-Z_0-9a", "x".repeat(64)]) assert(isReporterId(id), id);
  const others = ["", "short12", "x".repeat(65), "with space", "new\nline12", "ünicode12", "abcdefgh\n"];
  for (const id of [...others, "a/b/c/d/e"]) assert(!isReporterId(id), id);
});
