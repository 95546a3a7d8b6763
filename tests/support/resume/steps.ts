/**
 * Defines the steps of a {@linkcode ResumeWorld}, and generates random histories of them.
 *
 * @module
 */

import fc from "fast-check";
import type { CancelledChange, FailChange, FinishChange } from "../../../lib/task/task.ts";

/** The cursor with which a watcher resumes: its last, an older one, none, a future one, or one of another epoch. */
export type StepCursor = "last" | "older" | "none" | "future" | "foreign";

/** A step that changes one task; the world ignores it if the state of the task does not permit it. */
export type TaskStep =
  & { readonly client: string; readonly id: string }
  & (
    | { readonly do: "begin"; readonly isStarted: boolean }
    | { readonly do: "update"; readonly progress: number }
    | { readonly do: "log" | "remove" | "restore" }
    | { readonly do: "end"; readonly change: FinishChange | FailChange | CancelledChange }
  );

/** A step of any kind. */
export type WorldStep =
  | TaskStep
  | { readonly do: "watch task"; readonly client: string; readonly id: string }
  | { readonly do: "pass"; readonly milliseconds: number }
  | { readonly do: "sweep" | "turn" | "hold" | "fail" | "heal" }
  | { readonly do: "restart"; readonly how: "close" | "crash" }
  | { readonly do: "watch"; readonly watcher: number; readonly from: StepCursor }
  | { readonly do: "leave"; readonly watcher: number };

const key = {
  client: fc.constantFrom("a", "a", "a", "b", "c"),
  id: fc.constantFrom("t1", "t2", "t3", "t4"),
};
const watcher = fc.nat(6);
const from = fc.constantFrom<StepCursor>(
  "last",
  "last",
  "last",
  "last",
  "older",
  "older",
  "none",
  "future",
  "foreign",
);

function plain<Do extends string>(word: Do): fc.Arbitrary<{ readonly do: Do }> {
  return fc.constant({ do: word });
}

function named<Do extends string>(
  word: Do,
): fc.Arbitrary<{ readonly do: Do; readonly client: string; readonly id: string }> {
  return fc.record({ do: fc.constant(word), ...key });
}

const change = fc.constantFrom<FinishChange | FailChange | CancelledChange>(
  { type: "finish", result: 1 },
  { type: "fail", error: { type: "Error", message: "no" } },
  { type: "cancelled" },
);

const WEIGHTED: readonly (readonly [weight: number, step: fc.Arbitrary<WorldStep>])[] = [
  [8, fc.record({ do: fc.constant("begin" as const), ...key, isStarted: fc.boolean() })],
  [8, fc.record({ do: fc.constant("update" as const), ...key, progress: fc.nat(100) })],
  [1, named("log")],
  [7, fc.record({ do: fc.constant("end" as const), ...key, change })],
  [5, named("remove")],
  [4, named("restore")],
  [2, named("watch task")],
  [
    2,
    fc.record({ do: fc.constant("pass" as const), milliseconds: fc.constantFrom(50, 1_000, 4_000, 8_000) }),
  ],
  [2, plain("sweep")],
  [9, plain("turn")],
  [3, plain("hold")],
  [1, plain("fail")],
  [4, plain("heal")],
  [7, fc.record({ do: fc.constant("watch" as const), watcher, from })],
  [2, fc.record({ do: fc.constant("leave" as const), watcher })],
];

const restart: fc.Arbitrary<WorldStep> = fc.record({
  do: fc.constant("restart" as const),
  how: fc.constantFrom("close" as const, "crash" as const, "crash" as const),
});

/**
 * Generates random histories.
 *
 * @param maxLength the maximum number of steps
 * @param restartWeight the weight of restarts, compared with 65 for all other steps together
 */
export function worldSteps(maxLength: number, restartWeight: number): fc.Arbitrary<WorldStep[]> {
  const all = [...WEIGHTED, [restartWeight, restart] as const];
  const step = fc.oneof(...all.map(([weight, arbitrary]) => ({ weight, arbitrary })));
  return fc.array(step, { minLength: 1, maxLength, size: "max" });
}

/** Random limits of a world: high ones, or low ones that make the registry forget removals. */
export const worldLimits: fc.Arbitrary<{
  readonly removalsPerClient: number;
  readonly emptyClients: number;
  readonly endedTasksPerClient: number;
}> = fc.oneof(
  fc.record({
    removalsPerClient: fc.constant(1_000),
    emptyClients: fc.constant(1_000),
    endedTasksPerClient: fc.constantFrom(0, 1, 3, 1_000),
  }),
  fc.record({
    removalsPerClient: fc.constantFrom(1, 2, 5),
    emptyClients: fc.constantFrom(1, 1_000),
    endedTasksPerClient: fc.constantFrom(0, 1, 3),
  }),
);
