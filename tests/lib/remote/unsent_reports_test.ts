/** Tests the buffer of unsent reports, with a plain list as its model. */

import fc from "fast-check";
import { UnsentReports } from "../../../lib/remote/unsent_reports.ts";
import { assert, assertEquals, assertGreater } from "../../support/assert.ts";

const LIMITS = { batchReports: 3, batchCharacters: 20, fullCharacters: 60 };

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant("push" as const), length: fc.nat(30) }) },
    { weight: 4, arbitrary: fc.record({ type: fc.constant("send" as const) }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant("taken" as const), of: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("cut" as const) }) },
  ),
  { maxLength: 60, size: "max" },
);

Deno.test("UnsentReports delivers every report in order despite broken connections, and tracks which are committed", () => {
  let cuts = 0;
  let resent = 0;
  fc.assert(
    fc.property(steps, (all) => {
      const outbox = new UnsentReports(LIMITS);
      const pushed: string[] = [];
      /** The batches that the server has received, by batch number. */
      const batches = new Map<number, readonly string[]>();
      let inFlight: number[] = [];
      let newest = 0;
      for (const step of all) {
        if (step.type === "push") {
          const report = `${pushed.length}`.padEnd(step.length, ".");
          pushed.push(report);
          outbox.push(report);
        } else if (step.type === "send") {
          const batch = outbox.next();
          if (batch === undefined) continue;
          assert(batch.reports.length > 0 && batch.reports.length <= LIMITS.batchReports);
          const characters = batch.reports.join("").length;
          assert(characters <= LIMITS.batchCharacters || batch.reports.length === 1);
          if (batches.has(batch.number)) {
            assertEquals(batch.reports, batches.get(batch.number), "a batch is always the same");
            resent++;
          } else {
            assertEquals(batch.number, ++newest);
          }
          batches.set(batch.number, batch.reports);
          inFlight.push(batch.number);
        } else if (step.type === "taken") {
          const number = inFlight[Math.min(step.of, inFlight.length - 1)];
          if (number === undefined) continue;
          outbox.taken(number);
          inFlight = inFlight.filter((other) => other > number);
          const committed = [...batches].filter(([other]) => other <= number).flatMap(([, reports]) =>
            reports
          );
          assertEquals(outbox.committed, committed.length);
        } else {
          outbox.restart();
          inFlight = [];
          cuts++;
        }
        assertEquals([outbox.inFlight, outbox.pushed], [inFlight.length, pushed.length]);
        assertEquals([...batches.values()].flat(), pushed.slice(0, [...batches.values()].flat().length));
        const waiting = pushed.slice(outbox.committed).join("").length;
        assertEquals(outbox.isFull, waiting >= LIMITS.fullCharacters);
      }
      outbox.restart();
      for (let batch = outbox.next(); batch !== undefined; batch = outbox.next()) {
        batches.set(batch.number, batch.reports);
        outbox.taken(batch.number);
      }
      assertEquals([...batches.values()].flat(), pushed);
      assertEquals([outbox.isEmpty, outbox.isFull, outbox.inFlight], [true, false, 0]);
    }),
    { numRuns: 2_000 },
  );
  assertGreater(cuts, 1_000);
  assertGreater(resent, 500);
});

Deno.test("UnsentReports drops exactly the reports that are too large by themselves, and delivers all others in order", () => {
  const lengths = fc.array(fc.integer({ min: 4, max: 30 }), { maxLength: 40, size: "max" });
  let dropped = 0;
  let split = 0;
  fc.assert(
    fc.property(lengths, fc.integer({ min: 4, max: 25 }), fc.nat(4), (each, maxLength, window) => {
      const outbox = new UnsentReports(LIMITS);
      const pushed = each.map((length, n) => `${n}`.padEnd(length, "."));
      for (const report of pushed) outbox.push(report);
      const received: string[] = [];
      const refused: string[] = [];
      while (!outbox.isEmpty) {
        // A connection, which the receiver ends at the first batch that is too large for it.
        outbox.restart();
        const batches = Array.from({ length: window + 1 }, () => outbox.next()).filter((batch) =>
          batch !== undefined
        );
        const isTooLarge = (reports: readonly string[]) => reports.join("").length > maxLength;
        const first = batches.findIndex(({ reports }) => isTooLarge(reports));
        for (const { number, reports } of first === -1 ? batches : batches.slice(0, first)) {
          received.push(...reports);
          outbox.taken(number);
        }
        if (first === -1) continue;
        if (batches[first]!.reports.length > 1) split++;
        const report = outbox.tooLarge();
        if (report !== undefined) refused.push(report);
      }
      assertEquals(received, pushed.filter((report) => !isOver(report)));
      assertEquals(refused, pushed.filter(isOver));
      dropped += refused.length;

      function isOver(report: string): boolean {
        return report.length > maxLength;
      }
    }),
    { numRuns: 1_000 },
  );
  assertGreater(dropped, 50);
  assertGreater(split, 50);
});

Deno.test("UnsentReports ignores unknown batch numbers, and clear() drops all reports", () => {
  const outbox = new UnsentReports(LIMITS);
  outbox.push("a");
  outbox.taken(7);
  assertEquals([outbox.committed, outbox.isEmpty], [0, false]);
  outbox.next();
  outbox.clear();
  assertEquals([outbox.isEmpty, outbox.next(), outbox.committed], [true, undefined, 1]);
});
