/**
 * Generators of random tasks and random queries for property tests.
 *
 * @module
 */

import fc from "fast-check";
import { isFinal, type Task, TASK_STATES } from "../../lib/task/task.ts";
import {
  FILTER_NAMES,
  filterValues,
  SORT_FIELDS,
  TASK_FILTERS,
  type TaskQuery,
} from "../../lib/task/task_query.ts";
import { exampleTask } from "./example_task.ts";

const NAMES = ["import", "Import users", "export", "a.b", "", "ΑΣ"] as const;
const TAGS = ["db", "night", "Port"] as const;
const time = fc.integer({ min: 0, max: 20 });

/** Random tasks that vary in every field by which lists filter or sort; values are few, so that many are equal. */
export const listedTasks: fc.Arbitrary<Task> = fc.record({
  id: fc.constantFrom("1", "2", "port-3"),
  name: fc.constantFrom(...NAMES),
  state: fc.constantFrom(...TASK_STATES),
  status: fc.constantFrom("Working", "12 rows", "ΑΣ"),
  progress: fc.constantFrom(null, 0, 40, 100),
  created_at: time,
  started_at: fc.option(time),
  updated_at: time,
  finished_at: time,
  tags: fc.subarray([...TAGS]),
  error: fc.constantFrom(null, { message: "the port is FULL", type: "Error" }),
}).map((fields) => {
  const hasEnded = isFinal(fields.state);
  return exampleTask({ ...fields, finished_at: hasEnded ? fields.finished_at : null, active: !hasEnded });
});

/** Random queries with any combination of filters, sort order and page. */
export const taskQueries: fc.Arbitrary<TaskQuery> = fc.record({
  conditions: fc.record({
    state: fc.subarray([...TASK_STATES]).map((states) => states.join()),
    name: fc.constantFrom("import", "*PORT", "i*", "*p*", "*"),
    tag: fc.subarray([...TAGS], { minLength: 1 }).map((tags) => tags.join()),
    q: fc.constantFrom("port", "full", "1", "ας", "rows"),
    since: time.map(String),
    until: time.map(String),
  }, { requiredKeys: [] }).map((texts) =>
    FILTER_NAMES.filter((name) => texts[name] !== undefined).map((name) => {
      const filter = TASK_FILTERS[name];
      return filter.condition(filterValues(filter, [texts[name]!]), 0);
    })
  ),
  sort: fc.record({ field: fc.constantFrom(...SORT_FIELDS), descending: fc.boolean() }),
  limit: fc.integer({ min: 1, max: 5 }),
  page: fc.integer({ min: 1, max: 4 }),
});
