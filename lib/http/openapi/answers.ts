/**
 * What the server answers, as schemas. They are held against the types of what is answered by the compiler, and against
 * real answers by tests.
 *
 * @module
 */

import { z } from "zod";
import type { PastRun, RunStats } from "../../task/run_stats.ts";
import { type HistoryEntry, type JsonValue, type LogLine, type Task, TASK_STATES } from "../../task/task.ts";
import {
  UPDATE_FIELD_NAMES,
  UPDATE_FIELDS,
  type UpdateField,
  type UpdateFieldName,
} from "../../task/update_fields.ts";

/** Both ways: what the one takes, the other takes, too. */
type Same<One, Other> = [One] extends [Other] ? [Other] extends [One] ? true : never : never;

const json = z.unknown() as z.ZodType<JsonValue>;
const count = z.int().min(0);
const time = z.number().describe("epoch seconds");
const maybeTime = z.number().nullable().describe("epoch seconds");
const maybe = z.number().nullable();
const state = z.enum(TASK_STATES as unknown as [Task["state"], ...Task["state"][]]);
const cursor = z.string().describe("a position in the order of all changes: <epoch>:<seq>");

/** The schemas of the fields that reporters set with updates. */
type UpdatedShape = { readonly [Name in UpdateFieldName]: z.ZodType<Task[Name]> };

function updatedSchema(field: UpdateField): z.ZodType {
  const schema = field.kind === "amount"
    ? maybe
    : field.kind === "object"
    ? z.record(z.string(), json)
    : field.isNullable
    ? z.string().nullable()
    : z.string();
  return schema.describe(field.about);
}

const UPDATED = Object.fromEntries(
  UPDATE_FIELD_NAMES.map((name) => [name, updatedSchema(UPDATE_FIELDS[name])]),
) as UpdatedShape;

/** The record of a task. */
export const TASK = z.strictObject({
  id: z.string(),
  name: z.string(),
  state,
  ...UPDATED,
  active: z.boolean().describe("whether the state is STARTING or PROCESSING"),
  created_at: time,
  started_at: maybeTime,
  updated_at: time,
  finished_at: maybeTime,
  eta: maybe.describe("seconds left, as of updated_at"),
  eta_low: maybe.describe("the least that eta may be, while little is known"),
  eta_high: maybe.describe("the most that it may be then"),
  rate: maybe.describe("units, or percent, per second"),
  eta_reason: z.enum(["unknown_progress", "too_early", "stalled"]).nullable().describe("why there is no eta"),
  stale: z.boolean().describe("no sign of life for longer than stale_after"),
  stale_after: maybe.describe("seconds within which a sign of life was promised"),
  result: json.describe("what it returned"),
  error: z.strictObject({ message: z.string(), type: z.string(), stack: z.string().optional() }).nullable(),
  tags: z.array(z.string()),
  parent_id: z.string().nullable().describe("the task that this one is a part of"),
  weight: z.number().describe("the size of its slice of that one's bar"),
  attempt: z.int().min(1),
  retry_of: z.string().nullable().describe("the task that this one is another attempt at"),
  retryable: z.boolean().describe("whether it was started by name"),
  cancel_requested: z.boolean().describe("somebody asked it to stop"),
  log_count: count.describe("log lines that it wrote"),
  reporter: z.string().nullable().describe('who reports it: null in this server, "http", or an id'),
  report_seq: maybe.describe("the reporter's number of the newest report"),
  version: z.int().min(1).describe("one more with every change"),
}).meta({ id: "Task" });

const LOG_LINE = z.strictObject({ at: time, text: z.string() }).meta({ id: "LogLine" });
const HISTORY_ENTRY = z.strictObject({
  at: time,
  state,
  status: z.string(),
  progress: maybe,
  version: z.int(),
}).meta({ id: "HistoryEntry" });
const PAST_RUN = z.strictObject({
  id: z.string(),
  state,
  duration: maybe.describe("seconds"),
  finished_at: maybeTime,
});
const RUN_STATS = z.strictObject({
  name: z.string(),
  runs: count,
  active: count,
  failure_rate: maybe.describe("0 to 1"),
  median: maybe.describe("seconds"),
  p95: maybe.describe("seconds"),
  last: z.array(PAST_RUN),
}).meta({ id: "RunStats" });

// The compiler stops here where a schema and its type part ways.
const _same: [
  Same<z.output<typeof TASK>["state"], Task["state"]>,
  Same<keyof z.output<typeof TASK>, keyof Task>,
  Same<keyof z.output<typeof LOG_LINE>, keyof LogLine>,
  Same<keyof z.output<typeof HISTORY_ENTRY>, keyof HistoryEntry>,
  Same<keyof z.output<typeof RUN_STATS>, keyof RunStats>,
  Same<keyof z.output<typeof PAST_RUN>, keyof PastRun>,
] = [true, true, true, true, true, true];

/** `GET /tasks/{client}` */
export const TASK_LIST = z.strictObject({
  active_tasks: z.array(TASK).describe("those that run, newest first"),
  all_tasks: z.record(z.string(), TASK).describe("by id"),
  cursor,
  total: count.describe("with filters: tasks on all pages").optional(),
  next_page: z.int().nullable().describe("with filters: the number of the next page").optional(),
}).meta({ id: "TaskList" });

/** `GET /tasks/{client}?after=` */
export const CHANGES = z.strictObject({
  cursor,
  tasks: z.array(TASK).describe("those that changed"),
  removed: z.array(z.string()).describe("ids that were removed, before those in tasks"),
}).meta({ id: "Changes" });

/** `GET …/logs` */
export const LOG_PAGE = z.strictObject({
  lines: z.array(LOG_LINE),
  first: count.describe("the number of the first line"),
  next: count.describe("what to give as after for those that follow"),
  count: count.describe("lines that it wrote so far"),
}).meta({ id: "LogPage" });

/** `GET …/history` */
export const HISTORY = z.strictObject({ history: z.array(HISTORY_ENTRY) });
/** `GET …/progress` */
export const PROGRESS = z.strictObject({
  points: z.array(z.array(z.number()).length(2)).describe("[epoch seconds, progress]"),
});
/** `GET /names/{client}` */
export const NAMES = z.strictObject({ names: z.array(RUN_STATS), cursor });
/** What a start is answered with. */
export const STARTED = z.strictObject({ task_id: z.string() });
/** `POST …/cancel` */
export const CANCELLING = z.strictObject({
  task_id: z.string(),
  state,
  cancel_requested: z.literal(true),
});
/** `DELETE /tasks/{client}` */
export const REMOVED = z.strictObject({ removed: count });
/** `GET /clients` */
export const CLIENTS = z.strictObject({
  clients: z.array(z.strictObject({ client: z.string(), unfinished: count, ended: count })),
});
/** `POST /tokens` */
export const TOKEN = z.strictObject({
  token: z.string(),
  expires_at: maybeTime,
  url: z.string().nullable().describe("the link, where people can follow it"),
});
/** `GET /healthz` */
export const HEALTH = z.strictObject({ status: z.literal("ok") });
/** `GET /readyz` */
export const READINESS = z.strictObject({
  status: z.enum(["ready", "degraded"]),
  detail: z.string().optional(),
  since: time.optional(),
});
/** Every error (RFC 9457). */
export const PROBLEM = z.strictObject({
  title: z.string(),
  status: z.int(),
  detail: z.string().describe("what is wrong, for people"),
  code: z.string().describe("what is wrong, for programs; stable"),
  task: TASK.describe("the task as it is, where a report of it was refused").optional(),
}).meta({ id: "Problem" });
