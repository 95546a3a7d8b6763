/**
 * Describes the tables in PostgreSQL for users who query them.
 *
 * @module
 */

import type { DocumentedField } from "../../lib/page_renderer.ts";

/** The tables that may be queried, with their columns. */
export const SCHEMA_TABLES: readonly DocumentedField[] = [
  {
    name: "tasks",
    type: "",
    about:
      "The tasks, unless `removed`: `place` (the order of creation), `client`, `id`, `name`, `state`, `progress`, " +
      "`created_at`, `started_at`, `updated_at`, `finished_at`, `parent_id`, `retry_of`, and `record`, as the API returns it.",
  },
  {
    name: "log_lines",
    type: "",
    about: "The lines of logs: `place`, `number`, `at`, `text`, `stream`, `level`.",
  },
  {
    name: "history",
    type: "",
    about: "The changes of states and statuses: `place`, `version`, `at`, `state`, `status`, `progress`.",
  },
  {
    name: "past_runs",
    type: "",
    about:
      "The ended runs, including runs of removed tasks: `client`, `name` (as JSON), `id`, `state`, `created_at`, " +
      "`started_at`, `finished_at`.",
  },
  {
    name: "series",
    type: "",
    about: "The progress histories: `place`, `points`: `[[time, progress], …]` as JSON.",
  },
  { name: "value_series", type: "", about: "The values over time: `place`, `series` as JSON." },
  {
    name: "launches",
    type: "",
    about: "How the server started tasks: `place`, `launch`: the function's name and arguments as JSON.",
  },
];

/** Example queries. */
export const SCHEMA_QUERIES: readonly { readonly question: string; readonly sql: string }[] = [
  {
    question: "Which tasks run, and since when?",
    sql: `SELECT client, id, name, progress, to_timestamp(started_at) AS since
FROM taskscope.tasks WHERE state = 'PROCESSING' AND NOT removed ORDER BY started_at
`,
  },
  {
    question: "What failed in the last day, and why?",
    sql: `SELECT client, id, name, record -> 'error' ->> 'message' AS error
FROM taskscope.tasks
WHERE state = 'ERROR' AND NOT removed AND finished_at > extract(epoch FROM now() - interval '1 day')
ORDER BY finished_at DESC
`,
  },
  {
    question: "How long do the runs of each name take, and how often do they fail?",
    sql: `SELECT name::json #>> '{}' AS name, count(*) AS runs,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY finished_at - started_at)
    FILTER (WHERE state = 'FINISHED') AS median_seconds,
  avg((state = 'ERROR')::integer) FILTER (WHERE state <> 'CANCELLED') AS failure_rate
FROM taskscope.past_runs WHERE client = 'default' GROUP BY 1 ORDER BY runs DESC
`,
  },
  {
    question: "Which lines of all logs contain a word?",
    sql: `SELECT client, id, number, text
FROM taskscope.log_lines JOIN taskscope.tasks USING (place)
WHERE text ILIKE '%timeout%' AND NOT removed ORDER BY place, number LIMIT 100
`,
  },
  {
    question: "What did a task do?",
    sql: `SELECT to_timestamp(at) AS at, history.state, status, history.progress
FROM taskscope.history JOIN taskscope.tasks USING (place)
WHERE client = 'default' AND id = 'backup-1' AND NOT removed ORDER BY version
`,
  },
];
