/**
 * Creates example task records.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";

/** The creation time of example tasks, in epoch seconds. */
export const EXAMPLE_TIME = 1_700_000_000;

/** Returns a running task; `overrides` replaces the fields that matter to the test. */
export function exampleTask(overrides: Partial<Task> = {}): Task {
  return {
    id: "task-1",
    name: "task",
    state: "PROCESSING",
    status: "Processing",
    progress: null,
    current: null,
    total: null,
    unit: null,
    active: true,
    created_at: EXAMPLE_TIME,
    started_at: EXAMPLE_TIME,
    updated_at: EXAMPLE_TIME,
    finished_at: null,
    eta: null,
    eta_low: null,
    eta_high: null,
    rate: null,
    eta_reason: null,
    expected_duration: null,
    stale: false,
    stale_after: null,
    result: null,
    error: null,
    metadata: {},
    tags: [],
    parent_id: null,
    weight: 1,
    share: null,
    expected_weight: null,
    own_progress: false,
    attempt: 1,
    retry_of: null,
    retryable: false,
    cancel_requested: false,
    log_count: 0,
    value_count: 0,
    reporter: null,
    report_seq: null,
    version: 1,
    ...overrides,
  };
}

/** Returns a finished task; `overrides` replaces the fields that matter to the test. */
export function finishedTask(overrides: Partial<Task> = {}): Task {
  return exampleTask({
    state: "FINISHED",
    status: "Finished",
    progress: 100,
    active: false,
    finished_at: EXAMPLE_TIME + 5,
    ...overrides,
  });
}
