import fc from "fast-check";
import { timeFrom } from "../../../lib/task/time_filter.ts";
import { assertEquals } from "../../support/assert.ts";

const NOW = 1_800_000_000.5;

Deno.test("timeFrom() parses ages", () => {
  const ages = { "90s": 90, "15m": 900, "1h": 3_600, "7d": 604_800, "2w": 1_209_600, "0s": 0, "1H": 3_600 };
  for (const [text, seconds] of Object.entries(ages)) assertEquals(timeFrom(text, NOW), NOW - seconds, text);
});

Deno.test("timeFrom() parses RFC 3339 times, dates and epoch seconds", () => {
  const times = {
    "2026-11-24T14:00:00Z": 1_795_528_800,
    "2026-11-24t14:00:00z": 1_795_528_800,
    "2026-11-24T14:00:00.250+01:00": 1_795_525_200.25,
    "2026-11-24T14:00:00 01:00": 1_795_525_200,
    "2026-11-24T14:00:00-00:30": 1_795_530_600,
    "2026-11-24": 1_795_478_400,
    "2028-02-29": 1_835_395_200,
    "1795528800": 1_795_528_800,
    "1795528800.125": 1_795_528_800.125,
  };
  for (const [text, at] of Object.entries(times)) assertEquals(timeFrom(text, NOW), at, text);
});

Deno.test("timeFrom() parses every time that Date.toISOString() returns", () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date("9999-12-31"), noInvalidDate: true }), (date) => {
      assertEquals(timeFrom(date.toISOString(), NOW), date.getTime() / 1000);
      assertEquals(timeFrom(String(date.getTime() / 1000), NOW), date.getTime() / 1000);
    }),
  );
});

Deno.test("timeFrom() returns null for other texts", () => {
  const wrong = [
    ...["", " ", "h", "1y", "-1h", "1.5h", "1 h", "1h ", "now", "yesterday", "9999999999h"],
    ...["2026-02-30", "2026-13-01", "2026-00-01", "2026-1-1", "2026-11-24T14:00:00", "2026-11-24T14:00Z"],
    ...[
      "2026-02-29T00:00:00Z",
      "2026-11-24T25:00:00Z",
      "2026-11-24T14:60:00Z",
      "2026-11-24 14:00",
      "-5",
      "1e9",
    ],
    ...["2026-11-24T14:00:00+25:00", "99999999999999", "NaN", "Infinity", "__proto__", "1\u0660h"],
  ];
  for (const text of wrong) assertEquals(timeFrom(text, NOW), null, text);
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
    const at = timeFrom(text, NOW);
    if (at !== null) assertEquals(Number.isFinite(at), true, text);
  }));
});
