import { Pace } from "../../../lib/registry/pace.ts";
import { progressCurves } from "../../bench/eta/curves.ts";
import { judge } from "../../bench/eta/judge.ts";
import { assert, assertEquals, assertLess } from "../../support/assert.ts";

Deno.test("Pace predicts better than linear extrapolation and tqdm, on average over all kinds of jobs", () => {
  const errors = progressCurves(7).map(judge);
  const mean = (of: "ours" | "linear" | "tqdm") =>
    errors.reduce((sum, each) => sum + each[of], 0) / errors.length;
  assertLess(mean("ours"), 0.9 * Math.min(mean("linear"), mean("tqdm")));
});

Deno.test("Pace.secondsFor() follows a lasting change of pace, but averages a pace that alternates", () => {
  const [changed, alternating] = [new Pace(), new Pace()];
  let [slowing, uneven] = [0, 0];
  for (let second = 0; second <= 200; second++) {
    changed.observe(slowing += second < 100 ? 10 : 1, second);
    alternating.observe(uneven += second % 4 < 2 ? 10 : 1, second);
  }
  assertLess(Math.abs(changed.secondsFor(100)! - 100), 10);
  assertLess(Math.abs(alternating.secondsFor(550)! - 100), 5);
});

Deno.test("Pace.secondsFor() derives no rate from the first moment of a block", () => {
  const pace = new Pace();
  let position = 0;
  for (let second = 0; second <= 200; second++) pace.observe(position += second < 100 ? 1 : 10, second);
  const before = pace.secondsFor(100)!;
  pace.observe(position + 5, 200.001);
  assertLess(Math.abs(pace.secondsFor(100)! - before), 0.05 * before);
});

Deno.test("Pace.isNear() returns false once the recent pace has changed, however much was done before", () => {
  const growth = { whole: 0.05, recent: 0.2 };
  const pace = new Pace();
  for (const [position, at] of [[0, 0], [500, 10], [501, 40], [501.1, 40.001]] as const) {
    pace.observe(position, at);
  }
  const { basis } = pace;
  pace.observe(501.2, 40.002);
  assert(pace.isNear(basis, growth), "the last 30 seconds yielded a tenth more");
  pace.observe(502, 40.003);
  assert(!pace.isNear(basis, growth), "the last 30 seconds yielded twice as much");
});

Deno.test("Pace.ahead() returns the remaining amount of a job in bursts, as of the end of its last pause", () => {
  const pace = new Pace();
  let position = 0;
  for (let at = 0; at < 600; at += 60) {
    for (let step = 0; step < 10; step++) pace.observe(position += 10, at + step / 100);
  }
  // The last burst began with unit 901.
  assertEquals([pace.ahead(200), pace.ahead(190), pace.ahead(0)], [300, 290, 0]);
});

Deno.test("Pace ignores a single long interruption, but not recurring ones", () => {
  const [once, often] = [new Pace(), new Pace()];
  let [onceAt, oftenAt] = [0, 0];
  for (let step = 0; step <= 400; step++) {
    once.observe(step, onceAt += step === 200 ? 3_600 : 1);
    often.observe(step, oftenAt += step % 50 === 49 ? 3_600 : 1);
  }
  assertLess(Math.abs(once.secondsFor(100)! - 100), 10);
  const seconds = often.secondsFor(100)!;
  assert(seconds > 3_600 && seconds < 4 * 3_600, `${seconds}`);
});
