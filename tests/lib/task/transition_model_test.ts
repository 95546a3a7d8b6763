/** Compares `transition()` with a simple model: a table of states, and lists of log lines. */

import fc from "fast-check";
import type { LogLine, Task, TaskChange, TaskState } from "../../../lib/task/task.ts";
import { newLines, transition, TransitionError } from "../../../lib/task/transition.ts";
import { assert, assertEquals, assertGreater, assertThrows } from "../../support/assert.ts";
import { changes, createChange } from "../../support/changes.ts";

/** The next state after each change, by state. A change that is missing here leaves the state as it is. */
const NEXT: Readonly<Record<string, Partial<Record<TaskChange["type"], TaskState>>>> = {
  NOT_STARTED: { start: "STARTING", update: "PROCESSING", roll_up: "PROCESSING" },
  STARTING: { update: "PROCESSING", roll_up: "PROCESSING" },
  PROCESSING: {},
};
const ENDS: Partial<Record<TaskChange["type"], TaskState>> = {
  finish: "FINISHED",
  fail: "ERROR",
  interrupt: "ERROR",
  cancelled: "CANCELLED",
};
/** The changes that are accepted in each final state, without any effect. */
const REPEATS: Readonly<Record<string, readonly TaskChange["type"][]>> = {
  FINISHED: ["finish"],
  ERROR: ["fail"],
  CANCELLED: ["cancelled", "request_cancel"],
};
/** Changes that raise the version even if they change no other field. */
const ALWAYS_COUNTED: readonly TaskChange["type"][] = ["update", "estimate", "roll_up", "adopt"];

/** The model of a task, independent of `transition()`. */
class Model {
  state: TaskState | undefined;
  version = 0;
  isStale = false;
  updatedAt = 0;
  isAsked = false;
  readonly log: string[] = [];

  /** Applies a change to the model, and returns whether the change is allowed. */
  take(change: TaskChange, at: number): boolean {
    const { type } = change;
    if (this.state === undefined || type === "create") {
      if (this.state !== undefined || type !== "create") return false;
      this.state = "NOT_STARTED";
      this.version = 1;
      this.updatedAt = at;
      return true;
    }
    if (this.state in REPEATS) {
      if (type === "restore") this.version++;
      return type === "restore" || REPEATS[this.state]!.includes(type);
    }
    if (type === "restore") return false;
    this.#takeAlive(change, this.state, at);
    return true;
  }

  #takeAlive(change: TaskChange, state: TaskState, at: number): void {
    const { type } = change;
    const next = ENDS[type] ?? NEXT[state]?.[type] ?? state;
    let counts = next !== state || ALWAYS_COUNTED.includes(type);
    if (type === "log") counts = this.#takeLines(change.lines, change.first) > 0;
    if (type === "request_cancel") counts = !this.isAsked;
    if (type === "reconnected") counts = this.isStale;
    if (type === "stale") counts = !this.isStale && (state === "STARTING" || state === "PROCESSING");
    if (!counts) return;

    this.version++;
    if (type === "interrupt" || type === "adopt") this.version += change.lostVersions;
    if (type === "stale") this.isStale = true;
    // A report clears the mark; after progress of subtasks, a sweep does, unless the reporter is disconnected.
    const isMeasured = type === "update" && change.from_output === true && change.values !== undefined;
    const isSign = next !== state || ["update", "log", "reconnected"].includes(type);
    if (isSign && !isMeasured) this.isStale = false;
    const isReport = ["update", "log", "roll_up"].includes(type) && !isMeasured;
    if (next !== state || isReport) this.updatedAt = at;
    if (type === "request_cancel" || type === "cancelled") this.isAsked = true;
    this.state = next;
  }

  /** Appends the lines that the log does not have yet, and returns their number. */
  #takeLines(lines: readonly LogLine[], first = this.log.length): number {
    const before = this.log.length;
    for (const [i, { text }] of lines.entries()) {
      if (first + i >= this.log.length) this.log.push(text);
    }
    return this.log.length - before;
  }
}

/** Applies a change with `transition()`, and returns the task and whether the change is allowed. */
function take(task: Task | undefined, change: TaskChange, at: number): [Task | undefined, boolean] {
  try {
    return [transition(task, "t", change, at), true];
  } catch (error) {
    assert(error instanceof TransitionError, String(error));
    return [task, false];
  }
}

Deno.test("transition() agrees with a simple model over random changes", () => {
  const histories = fc.array(
    fc.oneof({ weight: 9, arbitrary: changes }, {
      weight: 1,
      arbitrary: fc.constant({ type: "restore" as const }),
    }),
    { maxLength: 40, size: "max" },
  );
  let steps = 0;
  let refused = 0;
  fc.assert(
    fc.property(histories, (history) => {
      const model = new Model();
      let task: Task | undefined;
      let logged: string[] = [];
      // Half of the sequences begin with the creation of the task; the others may create it later.
      const all = history.length % 2 === 0 ? [createChange(), ...history] : history;
      for (const [at, change] of all.entries()) {
        if (change.type === "log" && task !== undefined && model.state! in NEXT) {
          logged = [...logged, ...newLines(task, change).map(({ text }) => text)];
        }
        const [after, isAllowed] = take(task, change, at);
        assertEquals(isAllowed, model.take(change, at), `${change.type} of a task that is ${task?.state}`);
        assertEquals(
          [after?.state, after?.version ?? 0, after?.log_count ?? 0, after?.stale ?? false],
          [model.state, model.version, model.log.length, model.isStale],
        );
        assertEquals([after?.cancel_requested ?? false, logged], [model.isAsked, model.log]);
        assertEquals(after?.updated_at ?? 0, model.updatedAt, change.type);
        const progress = after?.progress ?? null;
        assert(progress === null || (progress >= 0 && progress <= 100));
        if (model.state === "FINISHED") assertEquals(progress, 100);
        else if (ENDS[change.type] !== undefined) assertEquals(progress, task?.progress ?? null);
        task = after;
        steps++;
        if (!isAllowed) refused++;
      }
    }),
    { numRuns: 3_000 },
  );
  assertGreater(steps, 20_000);
  assertGreater(refused, 1_000);
});

Deno.test("transition() counts each log line once, however often and in whichever batches the line is sent", () => {
  // Each batch repeats some lines and adds some new lines.
  const portion = fc.record({ back: fc.nat(12), more: fc.nat(4), between: changes });
  let again = 0;
  fc.assert(
    fc.property(fc.array(portion, { maxLength: 30, size: "max" }), (portions) => {
      let task: Task = transition(undefined, "t", createChange(), 0);
      const kept: string[] = [];
      let written = 0;
      for (const { back, more, between } of portions) {
        const first = Math.max(0, written - back);
        written += more;
        const lines = Array.from({ length: written - first }, (_, i) => ({ at: i, text: `${first + i}` }));
        const change = { type: "log" as const, first, lines };
        kept.push(...newLines(task, change).map(({ text }) => text));
        again += lines.length - more;
        task = transition(task, "t", change, 1);
        // Any other change may come between the batches, except the end of the task and unnumbered lines.
        if (between.type !== "log" && ENDS[between.type] === undefined) {
          task = take(task, between, 1)[0]!;
        }
        assertEquals(task.log_count, written);
      }
      assertEquals(kept, Array.from({ length: written }, (_, i) => `${i}`));
    }),
    { numRuns: 2_000 },
  );
  assertGreater(again, 10_000);
});

Deno.test("transition() applies numbered reports once and in order, and rejects late reports", () => {
  const reporter = "far";
  const begun = transition(undefined, "t", createChange(), 0, { reporter, seq: 1 });
  let late = 0;
  fc.assert(
    fc.property(
      fc.array(fc.record({ change: changes, arrives: fc.array(fc.nat(8), { minLength: 1, maxLength: 3 }) }), {
        maxLength: 20,
      }),
      (reports) => {
        // Each report arrives at least once, and up to eight positions later than it was sent.
        const arrivals = reports.flatMap(({ change, arrives }, index) =>
          arrives.map((delay) => ({ change, seq: index + 2, at: index + delay }))
        ).sort((a, b) => a.at - b.at);
        let task = begun;
        let plain = begun;
        for (const { change, seq } of arrivals) {
          const before = task;
          try {
            task = transition(task, "t", change, 1, { reporter, seq });
          } catch (error) {
            assert(error instanceof TransitionError);
            if (error.code === "late_report") late++;
          }
          if (seq <= (before.report_seq ?? 0)) {
            assertEquals(task, before, "a late report has no effect");
            continue;
          }
          plain = take(plain, change, 1)[0]!;
          const { version, report_seq, ...rest } = task;
          const { version: _, report_seq: __, ...expected } = plain;
          assertEquals(rest, expected);
          assert(version >= before.version && (report_seq ?? 0) >= (before.report_seq ?? 0));
          assert(version > before.version || task === before, "each version belongs to one record");
        }
      },
    ),
    { numRuns: 2_000 },
  );
  assertGreater(late, 2_000);
});

Deno.test("transition() checks only the sequence numbers of the task's own reporter, and accepts a repeated end", () => {
  const far = (seq: number | null) => ({ reporter: "far", seq });
  let task = transition(undefined, "t", createChange(), 0, far(1));
  assertEquals([task.reporter, task.report_seq], ["far", 1]);
  task = transition(task, "t", { type: "update", progress: 50 }, 0, far(9));
  assertThrows(
    () => transition(task, "t", { type: "update", progress: 1 }, 0, far(9)),
    TransitionError,
    "report 9",
  );
  task = transition(task, "t", { type: "request_cancel" }, 0);
  task = transition(task, "t", { type: "update", progress: 60 }, 0, far(null));
  assertEquals([task.progress, task.report_seq], [60, 9]);
  task = transition(task, "t", { type: "finish", result: 1 }, 0, far(10));
  for (const seq of [10, 3, 11, null]) {
    assertEquals(transition(task, "t", { type: "finish", result: 2 }, 0, far(seq)), task);
  }
  assertThrows(
    () => transition(task, "t", createChange(), 0, { reporter: "other", seq: 1 }),
    TransitionError,
    "already taken",
  );
});
