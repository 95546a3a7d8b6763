import fc from "fast-check";
import { clockOffset } from "../../../lib/task/clock_offset.ts";
import { assertEquals, assertLess } from "../../support/assert.ts";

const seconds = (max: number) => fc.double({ min: 0, max, noNaN: true });
const SERVER_TIME = 1_700_000_000;

Deno.test("clockOffset() is off by at most half a second plus half the round trip", () => {
  const skews = fc.oneof(
    fc.constantFrom(0, 3_600, -3_600, 86_400, -86_400),
    fc.integer({ min: -1e6, max: 1e6 }),
  );
  fc.assert(fc.property(skews, seconds(1), seconds(3), seconds(3), (offset, fraction, there, back) => {
    const madeAt = SERVER_TIME + fraction;
    const date = new Date(Math.floor(madeAt) * 1_000).toUTCString();
    const [sentAt, receivedAt] = [madeAt - there - offset, madeAt + back - offset];
    const found = clockOffset({ date, sentAt, receivedAt });
    // Zero is kept wherever it is possible, which is no worse than the bounds are wide.
    assertLess(Math.abs(found - offset), (found === 0 ? 1 + there + back : 0.5 + (there + back) / 2) + 1e-6);
    // A true offset is always confirmed.
    assertLess(Math.abs(clockOffset({ date, sentAt, receivedAt }, offset) - offset), 1e-6);
  }));
});

Deno.test("clockOffset() keeps the known offset without a valid header", () => {
  for (const date of [null, "", "yesterday"]) {
    assertEquals(clockOffset({ date, sentAt: 0, receivedAt: 0 }, 7), 7);
  }
});
