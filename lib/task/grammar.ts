/**
 * The limits and patterns of names and record fields. Pure.
 *
 * @module
 */

/** The client token of tasks that are created without one. */
export const DEFAULT_CLIENT = "default";

/** The name of a monitor's channel, unless the options set another. */
export const DEFAULT_CHANNEL = "taskscope";

// A constant of its own, and the marks below, let the bundler of the pages drop the patterns that pages do not use.
const ID_LENGTH = 128;

/** Limits of one task and its fields. Reporters truncate longer values; the server rejects them. */
export const LIMITS = {
  /** Characters of a client token or a task id. */
  idLength: ID_LENGTH,
  /** Characters of the name of a channel. */
  channelLength: 128,
  nameLength: 200,
  statusLength: 1_000,
  unitLength: 32,
  logLineLength: 8_192,
  /** Log lines of one report: a thousand, and one that says how many were dropped. */
  reportLines: 1_001,
  errorMessageLength: 4_096,
  errorTypeLength: 128,
  errorStackLength: 16_384,
  resultBytes: 65_536,
  metadataBytes: 16_384,
  tags: 32,
  tagLength: 64,
  /** Points of one task's progress history: a chart is hardly wider in pixels. */
  progressPoints: 200,
  /** Levels of nested arrays and objects in a JSON value: code that walks the value recurses once per level. */
  jsonDepth: 56,
} as const;

/** A client token: `[A-Za-z0-9._-]{1,128}`, but not `.` or `..`. */
export const CLIENT_TOKEN: RegExp = /* @__PURE__ */ new RegExp(
  `^(?!\\.{1,2}$)[A-Za-z0-9._-]{1,${ID_LENGTH}}$`,
);

// "start" would shadow a route; the last three would reach the prototype in a client that evaluates `all_tasks[id]`.
const RESERVED_TASK_IDS = "\\.{1,2}|start|__proto__|constructor|prototype";
/** A task id: `[A-Za-z0-9._:-]{1,128}`, but none of the reserved words. */
export const TASK_ID: RegExp = /* @__PURE__ */ new RegExp(
  `^(?!(?:${RESERVED_TASK_IDS})$)[A-Za-z0-9._:-]{1,${ID_LENGTH}}$`,
);

/** The rule for client tokens, to follow "must be" in error messages. */
export const CLIENT_RULE = `1 to ${ID_LENGTH} characters of A-Z a-z 0-9 . _ - and not . or ..`;

/** The rule for task ids, to follow "must be" in error messages. */
export const TASK_ID_RULE = `1 to ${ID_LENGTH} characters of A-Z a-z 0-9 . _ : - and not a reserved word`;

/** Whether a text is a client token; {@linkcode CLIENT_RULE} states what one is. */
export function isClientToken(text: string): boolean {
  return CLIENT_TOKEN.test(text);
}

/** Whether a text matches {@linkcode TASK_ID}. */
export function isTaskId(text: string): boolean {
  return TASK_ID.test(text);
}
