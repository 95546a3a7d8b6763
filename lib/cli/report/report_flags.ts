/**
 * The flags of the commands below `taskscope report`, and the request bodies that are made from their values.
 *
 * @module
 */

import { ConfigError } from "../../errors.ts";
import { isValueName, LIMITS, VALUE_NAME_RULE } from "../../task/grammar.ts";
import { nestsDeeperThan } from "../../task/json_depth.ts";
import { numberFrom } from "../../task/number_text.ts";
import type { JsonValue } from "../../task/task.ts";
import { TARGET_FLAGS } from "../client/target.ts";
import { type FlagParser, quoteValue, secondsWithin, taskId } from "../flag_values.ts";
import type { FlagTable, FlagValues } from "../flags.ts";

/** The longest time for which a report is resent, in seconds: a day. */
const MAX_TIMEOUT = 86_400;
/** The longest time without a report after which a task may become stale, in seconds: a leap year. */
const MAX_STALE_AFTER = 366 * 86_400;

/** The flags of every command below `report`. */
const SENDING = {
  timeout: {
    kind: "value",
    group: "Server",
    placeholder: "<seconds>",
    fallback: "10",
    help: "keep retrying for this many seconds while the server restarts; 0 tries once",
    parse: secondsWithin(0, MAX_TIMEOUT),
  },
  "best-effort": {
    kind: "switch",
    group: "Server",
    help: "exit with 0 even if the report fails, so that it never stops a script; print why it failed",
  },
  ...TARGET_FLAGS,
} as const satisfies FlagTable;

const STATUS = {
  status: { kind: "value", isData: true, placeholder: "<text>", help: "what the task is doing" },
} as const satisfies FlagTable;

const PROGRESS = {
  progress: {
    kind: "value",
    isData: true,
    placeholder: "<percent>",
    help: "0 to 100; null while it is indeterminate",
    parse: numberOrNull,
  },
  current: {
    kind: "value",
    isData: true,
    placeholder: "<number>",
    help: "how many of --total are done; progress is calculated from both",
    parse: numberOrNull,
  },
  total: {
    kind: "value",
    isData: true,
    placeholder: "<number>",
    help: "how many there are to do; null if the number is unknown",
    parse: numberOrNull,
  },
  unit: {
    kind: "value",
    isData: true,
    placeholder: "<word>",
    help: "what is counted, such as files, or B for bytes",
  },
  ...STATUS,
  metadata: {
    kind: "list",
    isData: true,
    placeholder: "<key>=<text>",
    help: "other data to show beside the task",
    separator: /(?!)/,
    parse: metadataEntry,
  },
  value: {
    kind: "list",
    isData: true,
    placeholder: "<name>=<number>",
    help: "number to chart over time, such as loss=0.12",
    separator: /(?!)/,
    parse: valueEntry,
  },
  "expected-weight": {
    kind: "value",
    isData: true,
    placeholder: "<number>",
    help: "the sum of the weights of all subtasks, including later ones",
    parse: numberWithin(0, Infinity),
  },
} as const satisfies FlagTable;

/** The flags of `report start`. */
export const START_FLAGS = {
  id: {
    kind: "value",
    placeholder: "<id>",
    help: "id of the task; with an id, a repeated start changes nothing; by default a new id",
    parse: taskId,
  },
  ...PROGRESS,
  tag: { kind: "list", placeholder: "<word>", help: "tag to filter tasks by" },
  "stale-after": {
    kind: "value",
    placeholder: "<seconds>",
    help: "mark the task as stale after this many seconds without a report",
    parse: secondsWithin(0, MAX_STALE_AFTER, true),
  },
  parent: {
    kind: "value",
    placeholder: "<id>",
    help: "id of the parent task; by default the task of the surrounding taskscope run, if any",
    parse: taskId,
  },
  weight: {
    kind: "value",
    isData: true,
    placeholder: "<number>",
    help: "weight of the subtask, relative to its siblings; 1 by default",
    parse: numberWithin(0, Infinity),
  },
  share: {
    kind: "value",
    isData: true,
    placeholder: "<number>",
    help: "share of the parent's work that the subtask does, 0 to 1, instead of a weight",
    parse: numberWithin(0, 1),
  },
  ...SENDING,
} as const satisfies FlagTable;

/** The flags of `report update`. */
export const UPDATE_FLAGS = { ...PROGRESS, ...SENDING } as const satisfies FlagTable;

/** The flags of `report log`. */
export const LOG_FLAGS = SENDING;

/** The flags of `report finish`. */
export const FINISH_FLAGS = {
  result: {
    kind: "value",
    isData: true,
    placeholder: "<json>",
    help: "the result; a value that is not JSON is stored as text",
  },
  ...STATUS,
  ...SENDING,
} as const satisfies FlagTable;

/** The flags of `report fail`. */
export const FAIL_FLAGS = {
  message: { kind: "value", isData: true, placeholder: "<text>", help: "what went wrong" },
  type: { kind: "value", placeholder: "<word>", help: "kind of the error; Error by default" },
  ...STATUS,
  ...SENDING,
} as const satisfies FlagTable;

/** The flags of `report cancelled`. */
export const CANCELLED_FLAGS = { ...STATUS, ...SENDING } as const satisfies FlagTable;

/** Returns the fields of an update. */
export function progressBody(values: FlagValues<typeof PROGRESS>): Record<string, unknown> {
  const { progress, current, total, unit, status, metadata, value, "expected-weight": expectedWeight } =
    values;
  return withoutUndefined({
    progress,
    current,
    total,
    unit,
    status,
    metadata: metadata.length === 0 ? undefined : Object.fromEntries(metadata),
    values: value.length === 0 ? undefined : Object.fromEntries(value),
    expected_weight: expectedWeight,
  });
}

/** Returns the body that creates a task. */
export function startBody(
  values: FlagValues<typeof START_FLAGS>,
  task: { readonly id: string; readonly name: string; readonly parent: string | undefined },
): Record<string, unknown> {
  const { tag: tags, "stale-after": staleAfter, weight, share } = values;
  return {
    ...progressBody(values),
    ...withoutUndefined({
      id: task.id,
      name: task.name,
      parent_id: task.parent,
      weight,
      share,
      stale_after: staleAfter,
    }),
    tags,
    started: true,
  };
}

/** Returns the body that finishes a task. */
export function finishBody({ result, status }: FlagValues<typeof FINISH_FLAGS>): Record<string, unknown> {
  return withoutUndefined({ result: result === undefined ? undefined : jsonOrText(result), status });
}

/** Returns the body that makes a task fail. */
export function failBody({ message, type, status }: FlagValues<typeof FAIL_FLAGS>): Record<string, unknown> {
  const error = type === undefined ? undefined : withoutUndefined({ type, message: message ?? type });
  return withoutUndefined({ message: error === undefined ? message : undefined, error, status });
}

/** Returns the body that reports a task as cancelled. */
export function cancelledBody({ status }: FlagValues<typeof CANCELLED_FLAGS>): Record<string, unknown> {
  return withoutUndefined({ status });
}

function withoutUndefined(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function jsonOrText(text: string): JsonValue {
  if (nestsDeeperThan(text, LIMITS.jsonDepth)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function numberOrNull(text: string, source: string): number | null {
  if (text === "null") return null;
  const number = numberFrom(text);
  if (number !== null && Number.isFinite(number)) return number;
  throw new ConfigError(`${source} must be a number or null, received ${quoteValue(text)}`);
}

function numberWithin(least: number, most: number): FlagParser<number> {
  return (text, source) => {
    const number = numberFrom(text);
    if (number !== null && Number.isFinite(number) && number >= least && number <= most) return number;
    const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new ConfigError(`${source} must be a number ${range}, received ${quoteValue(text)}`);
  };
}

function metadataEntry(text: string, source: string): readonly [key: string, value: string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new ConfigError(`${source} must be <key>=<text>, received ${quoteValue(text)}`);
}

function valueEntry(text: string, source: string): readonly [name: string, value: number] {
  const at = text.lastIndexOf("=");
  const [name, number] = [text.slice(0, Math.max(0, at)), numberFrom(text.slice(at + 1))];
  if (!isValueName(name)) {
    throw new ConfigError(`${source} must be <name>=<number>, with a name of ${VALUE_NAME_RULE}`);
  }
  if (number !== null && Number.isFinite(number)) return [name, number];
  throw new ConfigError(`${source} must be <name>=<number>, received ${quoteValue(text)}`);
}
