/** Tests how a page loads the parts of a log. */

import type { LogLine } from "../../../lib/task/task.ts";
import { LogPages, PAGE_LINES } from "../../../ui/browser/log_pages.ts";
import { assertEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** A log of which the server keeps a range of lines; the end of the range is exclusive. */
class Log {
  readonly asked: number[] = [];
  isDown = false;
  first: number;
  count: number;

  constructor(first: number, count: number) {
    this.first = first;
    this.count = count;
  }

  load = (from: number, limit: number) => {
    this.asked.push(from);
    if (this.isDown) return Promise.reject(new Error("no server"));
    const first = Math.max(from, this.first);
    const lines: LogLine[] = [];
    for (let number = first; number < Math.min(first + limit, this.count); number++) {
      lines.push({ at: 0, text: `${number}` });
    }
    return Promise.resolve({ first, lines, next: first + lines.length });
  };
}

/** Waits until all responses have arrived, which takes only microtasks here. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

Deno.test("LogPages loads the pages of a range, each once", async () => {
  const log = new Log(0, 10_000);
  const pages = new LogPages(log.load);
  assertEquals(pages.line(700), undefined);
  pages.want(450, 1_000);
  pages.want(450, 1_000);
  assertEquals(log.asked, [0, 500]);
  await settled();
  pages.want(499, 501);
  assertEquals(log.asked, [0, 500]);
  assertEquals([0, 499, 500, 999, 1_000].map((number) => pages.line(number)?.text), [
    "0",
    "499",
    "500",
    "999",
    undefined,
  ]);
  assertEquals(pages.version.value, 2);
});

Deno.test("LogPages loads a page again if it was incomplete, and copes with lines that are no longer kept", async () => {
  const log = new Log(620, 700);
  const gone: (readonly number[])[] = [];
  const pages = new LogPages(log.load, (...range) => gone.push(range));
  pages.want(0, 700);
  await settled();
  assertEquals([499, 619, 620, 699].map((number) => pages.line(number)?.text), [
    undefined,
    undefined,
    "620",
    "699",
  ]);
  assertEquals(gone, [[0, 620], [500, 620]]);
  log.count = 2_000;
  pages.want(690, 750);
  await settled();
  assertEquals(log.asked, [0, 500, 500]);
  assertEquals(pages.line(999)?.text, "999");
});

Deno.test("LogPages keeps the pages that were used last", async () => {
  const log = new Log(0, 100_000);
  const pages = new LogPages(log.load);
  for (let index = 0; index < 30; index++) {
    pages.want(index * PAGE_LINES, (index + 1) * PAGE_LINES);
    pages.want(0, 1);
    await settled();
  }
  assertEquals([0, 11, 12, 29].map((index) => pages.line(index * PAGE_LINES) !== undefined), [
    true,
    true,
    true,
    true,
  ]);
  assertEquals(pages.line(10 * PAGE_LINES), undefined);
  pages.clear();
  assertEquals(pages.line(0), undefined);
});

Deno.test("LogPages reports why lines could not be loaded, and retries later", async () => {
  await using clock = new FakeClock();
  const log = new Log(0, 1_000);
  log.isDown = true;
  const pages = new LogPages(log.load);
  pages.want(0, 10);
  await settled();
  assertEquals(pages.problem.value, "no server");
  pages.want(0, 10);
  assertEquals(log.asked, [0], "not at once");
  log.isDown = false;
  await clock.passAsync(2_000);
  pages.want(0, 10);
  await settled();
  assertEquals([pages.problem.value, pages.line(0)?.text, log.asked], ["", "0", [0, 0]]);
});
