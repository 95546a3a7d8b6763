import type { LogLine } from "../../../lib/task/task.ts";
import { LogGroups } from "../../../ui/browser/log_groups.ts";
import type { MarkLine } from "../../../ui/shared/log_groups.ts";
import { assertEquals } from "../../support/assert.ts";
import { until } from "../../support/until.ts";

/** A log, of which a page has the newest lines. */
class Log {
  readonly texts: string[] = [];
  readonly asked: (readonly [number, number])[] = [];
  fails = false;
  readonly groups = new LogGroups((from, to) => {
    this.asked.push([from, to]);
    if (this.fails) return Promise.reject(new Error("no server"));
    const marks = this.lines.map((line, number): MarkLine => ({ ...line, number })).slice(from, to);
    return Promise.resolve(marks.filter(({ text }) => text.includes("group")));
  });

  get lines(): LogLine[] {
    return this.texts.map((text, at) => ({ at, text }));
  }

  write(...texts: readonly string[]): this {
    this.texts.push(...texts);
    return this;
  }

  show(dropped = 0): void {
    this.groups.grew({ lines: this.lines.slice(dropped), dropped, gone: 0 });
  }

  get collapsed(): number[] {
    return [...this.groups.folds.value.collapsed];
  }
}

Deno.test("LogGroups collapses ended groups of the loaded page, but not those that end later", () => {
  const log = new Log().write("::group::a", "x", "::endgroup::", "::group::b", "y");
  log.show();
  assertEquals([log.groups.folds.value.groups.size, log.collapsed], [2, [0]]);
  log.write("::endgroup::", "::group::c", "::endgroup::", "z").show();
  assertEquals([log.groups.folds.value.groups.size, log.collapsed], [3, [0]]);
  log.groups.toggle(3);
  assertEquals(log.groups.folds.value.hidden, [{ from: 1, to: 3 }, { from: 4, to: 6 }]);
  log.groups.setAll(false);
  assertEquals(log.collapsed, []);
  log.groups.setAll(true);
  assertEquals(log.collapsed, [0, 3, 6]);
  assertEquals(log.asked, []);
});

Deno.test("LogGroups leaves a group open that the log ends with: it may say why the task failed", () => {
  const log = new Log().write("::group::a", "::endgroup::", "::group::b", "failed", "::endgroup::");
  log.show();
  assertEquals(log.collapsed, [0]);
});

Deno.test("LogGroups fetches the marks that the page does not have, and tries again after a failure", async () => {
  const log = new Log().write("::group::a", "x", "::endgroup::", "y", "z");
  log.fails = true;
  log.show(3);
  await until(() => log.asked.length === 1);
  log.fails = false;
  await until(() => (log.show(3), log.groups.folds.value.groups.size === 1));
  assertEquals(log.asked.at(-1), [0, 3]);
  assertEquals(log.collapsed, [0]);
});

Deno.test("LogGroups expands the groups around a line, even if it learns of them later", async () => {
  const log = new Log().write("::group::a", "::group::b", "x", "::endgroup::", "::endgroup::", "y");
  log.groups.reveal(2);
  log.show(5);
  await until(() => log.groups.folds.value.groups.size === 2);
  assertEquals(log.collapsed, []);
  log.groups.toggle(0);
  log.groups.reveal(0);
  assertEquals(log.collapsed, [0], "the first line of a group is visible");
  log.groups.reveal(1);
  assertEquals(log.collapsed, []);
});

Deno.test("LogGroups forgets the marks of lines that the server lost", () => {
  const log = new Log().write("y", "::group::a", "x");
  log.show();
  assertEquals(log.groups.folds.value.groups.size, 1);
  log.texts.length = 1;
  log.show();
  assertEquals(log.groups.folds.value.groups.size, 0);
});
