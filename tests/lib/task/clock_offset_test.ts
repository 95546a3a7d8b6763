import fc from "fast-check";
import { clockOffset, TIME_HEADER } from "../../../lib/task/clock_offset.ts";
import { assertEquals, assertLess } from "../../support/assert.ts";

const seconds = (max: number) => fc.double({ min: 0, max, noNaN: true });
const SERVER_TIME = 1_700_000_000;

/** The headers with the time of the server: the value at a given time, and its resolution in seconds. */
const CLOCKS = [
  { name: TIME_HEADER, cut: 0.001, valueAt: (at: number) => `${Math.floor(at * 1_000) / 1_000}` },
  { name: "date", cut: 1, valueAt: (at: number) => new Date(Math.floor(at) * 1_000).toUTCString() },
];

for (const { name, cut, valueAt } of CLOCKS) {
  Deno.test(`clockOffset() is off by at most half of ${cut} s plus half the round trip by ${name}`, () => {
    const skews = fc.oneof(
      fc.constantFrom(0, 3_600, -3_600, 86_400, -86_400),
      fc.integer({ min: -1e6, max: 1e6 }),
    );
    fc.assert(fc.property(skews, seconds(1), seconds(3), seconds(3), (offset, fraction, there, back) => {
      const madeAt = SERVER_TIME + fraction;
      const headers = new Headers({ [name]: valueAt(madeAt) });
      const [sentAt, receivedAt] = [madeAt - there - offset, madeAt + back - offset];
      const found = clockOffset({ headers, sentAt, receivedAt });
      // The offset 0 is returned if it is within the bounds, so its error is at most their whole width, not
      // half of it.
      const most = found === 0 ? cut + there + back : (cut + there + back) / 2;
      assertLess(Math.abs(found - offset), most + 1e-6);
      // The true offset is always within the bounds, so it is kept.
      assertLess(Math.abs(clockOffset({ headers, sentAt, receivedAt }, offset) - offset), 1e-6);
    }));
  });
}

Deno.test("clockOffset() keeps the known offset without a valid header", () => {
  const invalid = [{}, { date: "" }, { date: "yesterday" }, { [TIME_HEADER]: "" }, { [TIME_HEADER]: "now" }];
  for (const init of invalid) {
    assertEquals(clockOffset({ headers: new Headers(init), sentAt: 0, receivedAt: 0 }, 7), 7);
  }
});
