/** Compares the progress of parents with an independent implementation of its formula. */

import fc from "fast-check";
import { assert, assertGreater } from "../../support/assert.ts";
import { createChange } from "../../support/changes.ts";
import { TestRegistry, TestReporter } from "../../support/registry.ts";
import { StoreFolder } from "../../support/store_folder.ts";

/** A task in the model, which forgets none. */
interface Known {
  readonly id: string;
  readonly parent: string | null;
  readonly weight: number;
  readonly share: number | null;
  /** The id of the first attempt of the task. */
  readonly origin: string;
  progress: number | null;
  isOwn: boolean;
  expected: number | null;
  hasEnded: boolean;
  isUpFront: boolean | null;
}

/**
 * An independent model of the progress of parents. It keeps all subtasks, and computes the progress from all
 * of them after each change.
 */
class Model {
  readonly tasks: Map<string, Known> = new Map();

  create(
    id: string,
    parent: string | null,
    weight: number,
    share: number | null,
    retryOf: string | null,
  ): void {
    const origin = retryOf === null ? id : this.tasks.get(retryOf)!.origin;
    const fresh = { progress: null, isOwn: false, expected: null, hasEnded: false, isUpFront: null };
    this.tasks.set(id, { id, parent, weight, share, origin, ...fresh });
    this.settle();
  }

  /** Returns the subtasks of which the progress is computed: the newest attempt of each. */
  children(parent: string): Known[] {
    const newest = new Map<string, Known>();
    for (const task of this.tasks.values()) if (task.parent === parent) newest.set(task.origin, task);
    return [...newest.values()];
  }

  counted({ hasEnded, progress }: Known): number {
    return hasEnded ? 100 : progress ?? 0;
  }

  /** Computes the progress of the running parents, the youngest first, so that subtasks come before parents. */
  settle(): void {
    for (const task of [...this.tasks.values()].reverse()) {
      if (task.hasEnded) continue;
      const children = this.children(task.id);
      if (task.isUpFront === null && children.some((child) => this.counted(child) > 0)) {
        task.isUpFront = children.length >= 2;
      }
      if (!task.isOwn) task.progress = this.formula(task, children);
    }
  }

  formula(task: Known, children: readonly Known[]): number | null {
    const sum = (of: (child: Known) => number) => children.reduce((total, child) => total + of(child), 0);
    const shares = sum(({ share }) => share ?? 0);
    const weights = sum(({ share, weight }) => share === null ? weight : 0);
    const isWhole = shares > 1 - 1e-6;
    const isDeclared = isWhole || task.expected !== null;
    if (!isDeclared && (task.isUpFront !== true || children.every(({ hasEnded }) => hasEnded))) return null;
    const scale = shares > 1 ? 1 / shares : 1;
    const ofShares = scale * sum((child) => (child.share ?? 0) * this.counted(child));
    const done = sum((child) => child.share === null ? child.weight * this.counted(child) : 0);
    const whole = Math.max(weights, task.expected ?? 0);
    const progress = ofShares + (1 - Math.min(1, shares)) * (whole === 0 ? 0 : done / whole);
    return children.length > 0 && children.every(({ hasEnded }) => hasEnded)
      ? Math.min(99, progress)
      : progress;
  }
}

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("create" as const),
      task: fc.nat(),
      weight: fc.constantFrom(1, 1, 0.5, 2, 7.25),
      share: fc.constantFrom(null, null, null, 0.1, 0.25, 0.3, 0.6, 1),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("progress" as const),
      task: fc.nat(),
      to: fc.nat(10_000).map((hundredths) => hundredths / 100),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pause" as const), task: fc.nat() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom("finish" as const, "fail" as const, "cancel" as const),
      task: fc.nat(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("expect" as const),
      task: fc.nat(),
      weight: fc.constantFrom(null, 0, 1, 4, 20),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom("retry" as const, "remove" as const), task: fc.nat() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("restart" as const, "crash" as const) }) },
);

const MAX_LEVEL = 3;
/**
 * How long fast-check may shrink a failing example, in milliseconds. The time is limited, because each
 * attempt writes many files.
 */
const SHRINK_MS = 120_000;
const FAR = new TestReporter("far-reporter", true);

Deno.test("Registry computes the progress of parents by the formula, despite restarts and removals", async () => {
  const seen = { known: 0, unknown: 0, deep: 0, restarts: 0, removals: 0, retries: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 50, size: "max" }),
      fc.constantFrom(1, 3, 100),
      async (steps, kept) => {
        using stack = new DisposableStack();
        const opened = stack.use(new StoreFolder());
        // With a small limit, subtasks are removed while their parents run.
        const limits = { endedTasksPerClient: kept };
        let folder = opened;
        let store = folder.open();
        let test = new TestRegistry(limits, "first", store);
        const model = new Model();
        const levels = new Map([["top", 1]]);
        const report = (id: string, change: Parameters<TestRegistry["report"]>[2]) =>
          test.report("c", id, change, FAR);
        const create = (
          id: string,
          parent: string | null,
          weight = 1,
          share: number | null = null,
          retryOf: string | null = null,
        ) => {
          report(id, createChange({ parent_id: parent, weight, share, retry_of: retryOf }));
          model.create(id, parent, weight, share, retryOf);
        };
        create("top", null);
        let count = 0;
        for (const step of steps) {
          if (!("task" in step)) {
            await store.committed();
            const copy = step.do === "crash" ? stack.use(folder.crashed()) : null;
            test[Symbol.dispose]();
            await store[Symbol.asyncDispose]();
            folder = copy ?? folder;
            store = folder.open();
            test = new TestRegistry(limits, "first", store);
            seen.restarts++;
          } else {
            const running = [...model.tasks.values()].filter(({ hasEnded, id }) => {
              const isParent = (levels.get(id) ?? 9) < MAX_LEVEL;
              return !hasEnded && (step.do !== "create" && step.do !== "expect" || isParent);
            });
            const ended = [...model.tasks.values()].filter(({ hasEnded, id }) =>
              hasEnded && test.registry.task("c", id) !== undefined
            );
            const all = step.do === "remove"
              ? ended
              : step.do === "retry"
              ? [...model.tasks.values()]
              : running;
            const { task: pick } = step;
            const task = all[pick % all.length];
            if (task === undefined) continue;
            const { id } = task;
            // Mostly leaves report progress, because a parent that reports progress itself has no computed
            // one.
            const isLeaf = model.children(id).length === 0;
            switch (step.do) {
              case "create": {
                const child = `t${++count}`;
                levels.set(child, levels.get(id)! + 1);
                create(child, id, step.weight, step.share);
                break;
              }
              case "progress":
              case "pause": {
                if (id === "top" || !isLeaf && pick % 8 > 0) break;
                const progress = step.do === "pause" ? null : step.to;
                report(id, { type: "update", progress });
                Object.assign(task, { progress, isOwn: true });
                break;
              }
              case "expect":
                report(id, { type: "update", expected_weight: step.weight });
                task.expected = step.weight;
                break;
              case "finish":
              case "fail":
              case "cancel":
                if (id === "top") break;
                if (step.do === "finish") report(id, { type: "finish", result: null });
                else if (step.do === "fail") {
                  report(id, {
                    type: "fail",
                    error: { type: "Error", message: "x" },
                  });
                } else report(id, { type: "cancelled" });
                task.hasEnded = true;
                break;
              case "retry": {
                const attempts = [...model.tasks.values()].filter(({ origin }) => origin === task.origin);
                const exist = attempts.every((attempt) => test.registry.task("c", attempt.id) !== undefined);
                if (id === "top" || !exist) break;
                const retry = `t${++count}`;
                levels.set(retry, levels.get(id)!);
                create(retry, task.parent, task.weight, task.share, id);
                seen.retries++;
                break;
              }
              case "remove":
                test.registry.remove("c", id);
                seen.removals++;
            }
            model.settle();
          }
          for (const { id, hasEnded, progress, isOwn } of model.tasks.values()) {
            if (hasEnded) continue;
            const actual = test.registry.task("c", id)!.progress;
            const isSame = actual === null || progress === null
              ? actual === progress
              : Math.abs(actual - progress) < 1e-6;
            assert(isSame, `${id} is at ${actual} instead of ${progress} after ${JSON.stringify(step)}`);
            if (isOwn || model.children(id).length === 0) continue;
            if (progress === null) seen.unknown++;
            else if (progress > 0) seen[levels.get(id)! > 1 ? "deep" : "known"]++;
          }
        }
        test[Symbol.dispose]();
        await store[Symbol.asyncDispose]();
      },
    ),
    { numRuns: 30, interruptAfterTimeLimit: SHRINK_MS },
  );
  for (const [what, times] of Object.entries(seen)) assertGreater(times, 5, what);
});
