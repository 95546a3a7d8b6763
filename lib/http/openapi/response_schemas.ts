/**
 * Schemas of all JSON responses of the server. The compiler checks the fields of the schemas against the
 * types that are serialised, and tests check the schemas against real responses.
 *
 * @module
 */

import { z } from "zod";
import type { PastRun, RunStats } from "../../task/run_stats.ts";
import {
  type HistoryEntry,
  type JsonValue,
  LOG_LEVELS,
  LOG_STREAMS,
  type LogLine,
  type Task,
  TASK_STATES,
} from "../../task/task.ts";
import { LIMITS } from "../../task/grammar.ts";
import {
  UPDATE_FIELD_NAMES,
  UPDATE_FIELDS,
  type UpdateField,
  type UpdateFieldName,
} from "../../task/update_fields.ts";

/** The type `true` if two types are assignable to each other; otherwise `never`. */
type Same<One, Other> = [One] extends [Other] ? [Other] extends [One] ? true : never : never;

const json = z.unknown() as z.ZodType<JsonValue>;
const count = z.int().min(0);
const time = z.number().describe("epoch seconds");
const optionalTime = z.number().nullable();
const optionalNumber = z.number().nullable();
const state = z.enum(TASK_STATES as unknown as [Task["state"], ...Task["state"][]]);
const cursor = z.string()
  .describe("a position in the order of all changes, `<epoch>:<seq>`; pass it back as `after`");

/** Schemas of the fields that reporters set with updates. */
type UpdatedShape = { readonly [Name in RecordFieldName]: z.ZodType<Task[Name]> };

/** The name of a field that reporters set and that the record has: all of them except `values`. */
type RecordFieldName = Exclude<UpdateFieldName, "values">;

function updatedSchema(field: UpdateField): z.ZodType {
  const schema = field.kind === "amount" || field.kind === "weight"
    ? optionalNumber
    : field.kind === "object"
    ? z.record(z.string(), json)
    : field.kind === "text" && field.isNullable
    ? z.string().nullable()
    : z.string();
  return schema.describe(field.about);
}

const UPDATED = Object.fromEntries(
  UPDATE_FIELD_NAMES.filter((name) => name !== "values")
    .map((name) => [name, updatedSchema(UPDATE_FIELDS[name])]),
) as UpdatedShape;

/** The record of a task. */
export const TASK = z.strictObject({
  id: z.string().describe("chosen by the creator, or a ULID"),
  name: z.string().describe("what the task runs; runs of the same name share statistics"),
  state: state.describe("the last three are final: the task has ended"),
  ...UPDATED,
  active: z.boolean().describe("whether the state is STARTING or PROCESSING"),
  created_at: time.describe("when the task was created, in epoch seconds"),
  started_at: optionalTime.describe("when the task left NOT_STARTED, in epoch seconds"),
  updated_at: time.describe(
    "when the task last changed, in epoch seconds; measurements by `taskscope run`, requests to cancel and estimates " +
      "do not count, because they are no signs of life",
  ),
  finished_at: optionalTime.describe("when the task ended, in epoch seconds"),
  eta: optionalNumber.describe(
    "estimated seconds left, as of `updated_at`, from the recent rate and from past runs of the same name",
  ),
  eta_low: optionalNumber.describe("the lower bound of `eta` while little is known; otherwise null"),
  eta_high: optionalNumber.describe("the upper bound of `eta` while little is known; otherwise null"),
  rate: optionalNumber.describe(
    "the recent pace per second: in units if `current` is known, otherwise in percent",
  ),
  eta_reason: z.enum(["unknown_progress", "too_early", "stalled"]).nullable()
    .describe(
      "why an active task has no `eta`: indeterminate progress, too little evidence, or no progress lately",
    ),
  expected_duration: optionalNumber.describe(
    "how many seconds a run of this name usually takes: the median of the newest 20 successful runs when this run " +
      "started; null if there were fewer than three",
  ),
  stale: z.boolean().describe(
    "whether there was no report for longer than `stale_after`; false again after the next report",
  ),
  stale_after: optionalNumber.describe(
    "the maximum number of seconds between two reports, as promised by the reporter; null if none was promised",
  ),
  result: json.describe("what the finished task returned, as JSON"),
  error: z.strictObject({
    message: z.string(),
    type: z.string().describe('the class or kind of the error, such as "TypeError", "interrupted" or "lost"'),
    stack: z.string().optional(),
  }).nullable().describe("why the task failed: `message`, `type` and, if known, `stack`"),
  tags: z.array(z.string()).describe("labels to filter by"),
  parent_id: z.string().nullable().describe("the id of the task that this is a subtask of"),
  weight: z.number().describe("a subtask's weight, relative to its siblings; ignored if it has a `share`"),
  share: optionalNumber.describe(
    "the share of its parent's work that a subtask does, 0 to 1; null if only its weight is known",
  ),
  own_progress: z.boolean().describe(
    "whether the task reports its own progress, other than in its output, so that the progress of its subtasks does not count",
  ),
  attempt: z.int().min(1).describe("1 for the first run, 2 for its first retry, and so on"),
  retry_of: z.string().nullable().describe("the id of the attempt that this one retries"),
  retryable: z.boolean().describe(
    "whether the server itself has started the task, so that it can retry the task",
  ),
  cancel_requested: z.boolean().describe("whether someone has asked the task to stop"),
  log_count: count.describe("the number of log lines written so far"),
  value_count: count.describe("the number of values reported so far; `GET …/values` has them"),
  reporter: z.string().nullable().describe(
    'null if the task runs in the server\'s process, "http" if it is reported with HTTP calls, otherwise the id of the reporter, an instance of a client library',
  ),
  report_seq: optionalNumber.describe("the `seq` of the newest report; null if reports carry none"),
  version: z.int().min(1).describe("rises with every change of the task"),
}).meta({ id: "Task" });

const LOG_LINE = z.strictObject({
  at: time,
  text: z.string(),
  stream: z.enum(LOG_STREAMS).describe("the output that the line was written to").optional(),
  level: z.enum(LOG_LEVELS).describe("the severity of the line").optional(),
}).meta({ id: "LogLine" });
const HISTORY_ENTRY = z.strictObject({
  at: time,
  state,
  status: z.string(),
  progress: optionalNumber.describe("the progress at that time"),
  version: z.int().describe("the version of the record that introduced this state or status"),
}).meta({ id: "HistoryEntry" });
const PAST_RUN = z.strictObject({
  id: z.string(),
  state,
  duration: optionalNumber.describe("seconds; null if the run never started"),
  finished_at: optionalTime.describe("epoch seconds"),
  kept: z.boolean().describe("whether the record of the task is still stored"),
});
const RUN_STATS = z.strictObject({
  name: z.string(),
  runs: count.describe("the number of ended runs: at most the newest 500 within 400 days"),
  active: count.describe("how many runs have not ended"),
  failure_rate: optionalNumber.describe(
    "the share of failed runs among the runs that finished or failed, 0 to 1; null if there are none",
  ),
  median: optionalNumber.describe("the median duration of finished runs in seconds; null if there are none"),
  p95: optionalNumber.describe("the 95th percentile of the durations of finished runs in seconds"),
  last: z.array(PAST_RUN).describe("the last 20 ended runs, newest first"),
}).meta({ id: "RunStats" });

// This declaration does not compile if a schema and its type have different fields.
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
  active_tasks: z.array(TASK).describe(
    "the unfinished tasks of the list, newest first unless `sort` says otherwise",
  ),
  all_tasks: z.record(z.string(), TASK).describe("every task of the list, by id"),
  cursor,
  total: count.describe("only with filters: the number of matching tasks on all pages").optional(),
  next_page: z.int().nullable()
    .describe("only with filters: the number of the next page; null on the last one").optional(),
}).meta({ id: "TaskList" });

/** `GET /tasks/{client}?after=` */
export const CHANGES = z.strictObject({
  cursor,
  tasks: z.array(TASK).describe("the tasks that were created or changed"),
  removed: z.array(z.string()).describe("the ids of removed tasks; apply these before `tasks`"),
}).meta({ id: "Changes" });

/** `GET …/logs` */
export const LOG_PAGE = z.strictObject({
  lines: z.array(LOG_LINE),
  first: count.describe("the number of the first line of this page"),
  next: count.describe("pass this number as `after` to get the lines that follow"),
  count: count.describe("the number of lines that the task has written so far"),
}).meta({ id: "LogPage" });

/** `GET …/logs?q=` */
export const LOG_MATCHES = z.strictObject({
  lines: z.array(LOG_LINE.extend({ number: count.describe("the number of the line, from 0") }))
    .describe("the matching lines, oldest first"),
  index: count.describe("the number of matches before the first line of this list"),
  matches: count.describe("the number of all matches"),
  searched: count.describe("the number of lines that were searched: all lines that are still stored"),
  count: count.describe("the number of lines that the task has written so far"),
}).meta({ id: "LogMatches" });

/** `GET …/history` */
export const HISTORY = z.strictObject({ history: z.array(HISTORY_ENTRY).describe("oldest first") });
/** `GET …/progress` */
export const PROGRESS = z.strictObject({
  points: z.array(z.array(z.number()).length(2)).describe("[epoch seconds, progress], oldest first"),
});
/** `GET …/values` */
export const VALUES = z.strictObject({
  series: z.array(z.strictObject({
    name: z.string(),
    last: z.number().describe("the newest value"),
    min: z.number().describe("the lowest value of the series"),
    max: z.number().describe("the highest value of the series"),
    points: z.array(z.array(z.number()).length(2)).describe("[epoch seconds, value], oldest first"),
  })).describe("in the order in which the series were first reported"),
  count: count.describe("the number of values that the task has reported, of all series"),
  ignored: count.describe(
    `the number of ignored values, because a task has at most ${LIMITS.valueSeries} series`,
  ),
});
/** `GET /names/{client}` */
export const NAMES = z.strictObject({ names: z.array(RUN_STATS).describe("in alphabetical order"), cursor });
/** `POST /tasks/{client}/start/{name}` and `POST …/retry` */
export const STARTED = z.strictObject({ task_id: z.string() });
/** `POST …/cancel` */
export const CANCELLING = z.strictObject({
  task_id: z.string(),
  state,
  cancel_requested: z.literal(true),
});
/** `DELETE /tasks/{client}` */
export const REMOVED = z.strictObject({ removed: count.describe("the number of removed tasks") });
/** `GET /clients` */
export const CLIENTS = z.strictObject({
  clients: z.array(z.strictObject({
    client: z.string(),
    unfinished: count.describe("the number of the client's tasks that have not ended"),
    ended: count.describe("the number of the client's tasks that have ended and are still stored"),
  })),
});
/** `GET /nodes` */
export const NODES = z.strictObject({
  nodes: z.array(z.strictObject({
    id: z.string(),
    address: z.string().nullable().describe("the address of the node for other nodes"),
    version: z.string(),
    since: time.describe("when the node joined, in epoch seconds"),
    shards: count.describe("how many of the 16 shards of the tasks this node owns"),
    here: z.boolean().describe("whether this node sent the list"),
  })),
});
/** `POST /tokens` */
export const TOKEN = z.strictObject({
  token: z.string(),
  expires_at: optionalTime.describe("when the token expires, in epoch seconds; null if it does not expire"),
  url: z.string().nullable()
    .describe(
      "a link that opens the page with this token; null if the token can only write or nobody can sign in",
    ),
});
/** `GET /healthz` */
export const HEALTH = z.strictObject({ status: z.literal("ok") });
/** `GET /readyz` */
export const READINESS = z.strictObject({
  status: z.enum(["ready", "degraded", "loading", "leaving"])
    .describe(
      "`loading` and `leaving` only from a node of a cluster: it can't read the tasks yet, or it is about to end",
    ),
  detail: z.string().describe("if degraded: the storage error").optional(),
  since: time.describe("if degraded: since when, in epoch seconds").optional(),
  damaged_records: z.int().positive()
    .describe("how many tasks are left out because their records are damaged; absent if none are known")
    .optional(),
});
/** The problem document of every error (RFC 9457). */
export const PROBLEM = z.strictObject({
  title: z.string().describe("the meaning of the HTTP status"),
  status: z.int().describe("the HTTP status"),
  detail: z.string().describe("what went wrong, for people"),
  code: z.string().describe("what went wrong, for programs; stable"),
  task: TASK.describe("the current record, if a report of the task was refused").optional(),
}).meta({ id: "Problem" });
