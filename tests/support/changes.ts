/**
 * Creates task changes: fixed ones, and random ones for property tests.
 *
 * @module
 */

import fc from "fast-check";
import { createChange as changeOf, type CreateFields } from "../../lib/task/create_change.ts";
import type { TaskUpdate } from "../../lib/reporter/task_update.ts";
import type { CreateChange, ReportedChange, TaskChange, UpdateChange } from "../../lib/task/task.ts";

/** Returns the change that creates a task; the task's name is "task" by default. */
export function createChange(fields: Partial<CreateFields> = {}): CreateChange {
  return changeOf({ name: "task", ...fields });
}

const amount = fc.oneof(
  fc.constant(null),
  fc.integer({ min: -20, max: 120 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

const metadata = fc.dictionary(
  fc.constantFrom("a", "b", "c", "__proto__", "constructor"),
  fc.constantFrom(null, 1, "two", [3], { four: 5 }),
  { maxKeys: 3 },
);

/** Random updates, each with any subset of the possible fields but values. */
export const updates: fc.Arbitrary<UpdateChange & TaskUpdate> = fc.record({
  type: fc.constant("update" as const),
  progress: amount,
  current: amount,
  total: amount,
  status: fc.constantFrom("", "Working", "Starting", "Processing", "Finished"),
  unit: fc.constantFrom(null, "B", "files"),
  metadata,
}, { requiredKeys: ["type"] });

const ends: fc.Arbitrary<ReportedChange> = fc.oneof(
  fc.record({ type: fc.constant("finish" as const), result: fc.constantFrom(null, 1, { done: true }) }),
  fc.record({
    type: fc.constant("fail" as const),
    error: fc.record({ message: fc.string(), type: fc.constantFrom("Error", "TypeError") }),
  }),
  fc.constant({ type: "cancelled" as const }),
);

/** Random changes of every type; those that end a task are rare, so that tasks run for a while. */
export const changes: fc.Arbitrary<TaskChange> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(createChange()) },
  { weight: 2, arbitrary: fc.constant({ type: "start" as const }) },
  { weight: 8, arbitrary: updates },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("update" as const),
      values: fc.record({
        loss: fc.float({ noNaN: true, noDefaultInfinity: true }),
        "val/acc": fc.constant([[1, 2], [3, 4]] as const),
      }, {
        requiredKeys: [],
      }),
      from_output: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("log" as const),
      first: fc.nat(5),
      lines: fc.array(fc.record({ at: fc.nat(), text: fc.string() }), { maxLength: 3 }),
    }, { requiredKeys: ["type", "lines"] }),
  },
  { weight: 2, arbitrary: ends },
  { weight: 1, arbitrary: fc.constant({ type: "request_cancel" as const }) },
  { weight: 1, arbitrary: fc.constant({ type: "stale" as const }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<TaskChange>(
      { type: "estimate", eta: 5, eta_low: 4, eta_high: 6, rate: 2, eta_reason: null },
      { type: "estimate", eta: null, eta_low: null, eta_high: null, rate: 0, eta_reason: "stalled" },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("roll_up" as const),
      progress: fc.double({ min: -5, max: 105, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ type: "restore" as const }) },
  { weight: 1, arbitrary: fc.constant({ type: "reconnected" as const }) },
  { weight: 1, arbitrary: fc.constant({ type: "adopt" as const, lostVersions: 7 }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("interrupt" as const),
      message: fc.constant("gone"),
      lostVersions: fc.nat(1_000),
    }),
  },
);

/** Freezes a value deeply, so that modifying it throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
  return value;
}
