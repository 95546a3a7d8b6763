/** Tests how a page searches a log and steps through the matches. */

import type { LogMatchPage } from "../../../lib/task/wire.ts";
import { LogFinder } from "../../../ui/browser/log_finder.ts";
import type { LogRange } from "../../../ui/browser/log_requests.ts";
import { ALL_LINES, type LogFilter } from "../../../ui/shared/log_filter.ts";
import { assertEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** The number of matches in a response. */
const LIMIT = 3;

/** A log in which every tenth line matches. */
class Log {
  count = 100;
  /** The number of the first line that is kept. */
  first = 0;
  readonly asked: LogRange[] = [];
  fails = false;

  search = ({ text }: LogFilter, range: LogRange, signal: AbortSignal): Promise<LogMatchPage> => {
    this.asked.push(range);
    if (this.fails) return Promise.reject(new Error("no server"));
    const matching = Array.from({ length: this.count / 10 }, (_, index) => index * 10);
    const all = text === "none" ? [] : matching.filter((number) => number >= this.first);
    const numbers = "after" in range
      ? all.filter((number) => number >= range.after).slice(0, LIMIT)
      : all.filter((number) => number < (range.before ?? Infinity)).slice(-LIMIT);
    signal.throwIfAborted();
    const index = numbers.length === 0 ? all.length : all.indexOf(numbers[0]!);
    return Promise.resolve({ numbers, index, matches: all.length, searched: this.count });
  };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

async function found(clock: FakeClock, log: Log, text: string, from: number): Promise<LogFinder> {
  const finder = new LogFinder(log.search);
  finder.search({ ...ALL_LINES, text }, from);
  assertEquals(log.asked, [], "the search waits for the end of typing");
  await clock.passAsync(200);
  await settled();
  return finder;
}

Deno.test("LogFinder finds the first match from a line on, else the last one", async () => {
  await using clock = new FakeClock();
  for (const [from, current, index] of [[0, 0, 0], [15, 20, 2], [90, 90, 9], [91, 90, 9]] as const) {
    const finder = await found(clock, new Log(), "x", from);
    assertEquals(finder.current.value, current);
    assertEquals(finder.findings.value, { matches: 10, searched: 100, index });
  }
  const none = await found(clock, new Log(), "none", 50);
  assertEquals([none.current.value, none.findings.value], [null, { matches: 0, searched: 100, index: null }]);
  none.step(1);
  assertEquals(none.current.value, null);
});

Deno.test("LogFinder steps through all matches in both directions, and around the ends", async () => {
  await using clock = new FakeClock();
  const finder = await found(clock, new Log(), "x", 0);
  for (const [by, first] of [[1, 1], [-1, 9]] as const) {
    for (let step = 0; step < 20; step++) {
      finder.step(by);
      await settled();
      const index = (((by === 1 ? first + step : first - step) % 10) + 10) % 10;
      assertEquals([finder.current.value, finder.findings.value?.index], [index * 10, index], `step ${step}`);
    }
  }
});

Deno.test("LogFinder updates the totals when the log has grown, and keeps the current match", async () => {
  await using clock = new FakeClock();
  const log = new Log();
  const finder = await found(clock, log, "x", 0);
  finder.step(1);
  log.count = 200;
  for (let line = 100; line < 200; line++) finder.grew(line);
  finder.grew(200);
  await clock.passAsync(2_000);
  await settled();
  assertEquals(finder.current.value, 10);
  assertEquals(finder.findings.value, { matches: 20, searched: 200, index: 1 });
  assertEquals(log.asked.length, 2, "one request for all lines");
});

Deno.test("LogFinder counts only lines that are kept, and steps on to newer ones, after the oldest were dropped", async () => {
  await using clock = new FakeClock();
  for (
    const [first, expected, following] of [
      [50, { matches: 15, searched: 200, index: 4 }, 100],
      // The current match itself is no longer kept.
      [150, { matches: 5, searched: 200, index: null }, 150],
    ] as const
  ) {
    const log = new Log();
    const finder = await found(clock, log, "x", 91);
    assertEquals(finder.findings.value, { matches: 10, searched: 100, index: 9 });
    [log.count, log.first] = [200, first];
    finder.grew(200);
    await clock.passAsync(2_000);
    await settled();
    assertEquals([finder.current.value, finder.findings.value], [90, expected]);
    finder.step(1);
    await settled();
    assertEquals(finder.current.value, following);
  }
});

Deno.test("LogFinder says why a search failed, and drops the results of an earlier search", async () => {
  await using clock = new FakeClock();
  const log = new Log();
  const finder = await found(clock, log, "x", 0);
  log.fails = true;
  finder.search({ ...ALL_LINES, text: "y" }, 0);
  assertEquals([finder.current.value, finder.findings.value], [null, null]);
  await clock.passAsync(200);
  await settled();
  assertEquals([finder.problem.value, finder.findings.value], ["no server", null]);
  finder.search(ALL_LINES, 0);
  await clock.passAsync(5_000);
  assertEquals([finder.problem.value, finder.filter.value], ["", ALL_LINES]);
});
