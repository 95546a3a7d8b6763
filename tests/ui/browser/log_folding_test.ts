import type { LogLine } from "../../../lib/task/task.ts";
import { LogFolding } from "../../../ui/browser/log_folding.ts";
import type { TimelineRow } from "../../../ui/shared/steps.ts";
import { assertEquals } from "../../support/assert.ts";
import { until } from "../../support/until.ts";

/** A log with a line each second, of which a page has the newest lines. */
class Log {
  readonly texts: string[] = [];
  readonly asked: number[] = [];
  fails = false;
  readonly folding = new LogFolding({
    marks: () => Promise.resolve([]),
    firstSince: (at) => {
      this.asked.push(at);
      return this.fails ? Promise.reject(new Error("no server")) : Promise.resolve(Math.ceil(at));
    },
  });
  rows: TimelineRow[] = [];

  write(count: number): this {
    for (let index = 0; index < count; index++) this.texts.push("x");
    return this;
  }

  step(at: number, text: string, fields: Partial<TimelineRow> = {}): this {
    const duration = 1;
    const rest = { state: "PROCESSING", progress: null, to: null, count: 1, isEntry: false } as const;
    this.rows.push({ at, text, duration, isRunning: false, ...rest, ...fields });
    return this;
  }

  show(dropped = 0, gone = 0): this {
    const lines: LogLine[] = this.texts.map((text, at) => ({ at, text }));
    this.folding.grew(this.rows, { lines: lines.slice(dropped), dropped, gone });
    return this;
  }

  get steps(): string[] {
    const { groups, collapsed } = this.folding.steps.value;
    return [...groups.values()].map(({ from, to, title }) =>
      `${collapsed.has(from) ? "+" : "-"} ${title} ${from}-${to ?? ""}`
    );
  }
}

Deno.test("LogFolding divides a log into the steps during which lines were written, once the user wants it", () => {
  const log = new Log().write(9).step(0, "Reading").step(2.5, "Idle").step(2.75, "Sorting").step(
    6,
    "Writing",
    {
      isRunning: true,
    },
  );
  assertEquals(log.show().steps, []);
  log.folding.showSteps(true);
  assertEquals(log.steps, ["+ Reading 0-2", "+ Sorting 3-5", "- Writing 6-"]);
  assertEquals(log.folding.hidden.value, [{ from: 1, to: 3 }, { from: 4, to: 6 }]);
  log.folding.reveal(3);
  log.rows.splice(3, 1);
  log.step(6, "Writing").step(9, "Checking", { count: 3, isRunning: true }).write(1).show();
  assertEquals(log.steps, [
    "+ Reading 0-2",
    "- Sorting 3-5",
    "- Writing 6-8",
    "- 3 short steps, from Checking 9-",
  ]);
  log.folding.setAll(true);
  assertEquals(
    log.folding.hidden.value,
    [1, 4, 7, 10].map((from) => ({ from, to: from === 10 ? Infinity : from + 2 })),
  );
  log.folding.showSteps(false);
  assertEquals([log.steps, log.folding.hidden.value, log.asked], [[], [], []]);
});

Deno.test("LogFolding fetches where steps begin in lines that the page does not have, and tries again", async () => {
  const log = new Log().write(100).step(10, "a").step(40, "b").step(80, "c");
  log.fails = true;
  log.folding.showSteps(true);
  log.show(50, 20);
  await until(() => log.asked.length === 2);
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(log.steps, []);
  log.fails = false;
  log.show(50, 20);
  await until(() => log.steps.length > 0);
  assertEquals(log.steps, ["+ a 20-39", "+ b 40-79", "+ c 80-99"], "lines before 20 are not kept");
  log.show(50, 20);
  assertEquals(log.asked, [10, 40, 10, 40]);
});

Deno.test("LogFolding hides the lines of steps and of groups, which may overlap", () => {
  const log = new Log().write(10).step(0, "a").step(5, "b", { isRunning: true });
  log.texts[3] = "::group::across";
  log.texts[7] = "::endgroup::";
  log.folding.showSteps(true);
  log.show();
  assertEquals(log.folding.hidden.value, [{ from: 1, to: 8 }]);
  log.folding.toggle("groups", 3);
  assertEquals(log.folding.hidden.value, [{ from: 1, to: 5 }]);
  log.folding.toggle("steps", 0);
  assertEquals(log.folding.hidden.value, []);
  log.folding.clear();
  assertEquals([log.steps, log.folding.groups.value.groups.size], [[], 0]);
});
