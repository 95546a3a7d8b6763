/**
 * The limits and patterns of names and record fields.
 *
 * @module
 */

/** The client token of tasks that are created without one. */
export const DEFAULT_CLIENT = "default";

/** The default name of a monitor's channel. */
export const DEFAULT_CHANNEL = "taskscope";

// These separate constants, and the `PURE` marks below, let the bundler drop the limits and patterns that pages do
// not use.
/** The maximum length of a status, in characters. */
export const STATUS_LENGTH = 1_000;
const ID_LENGTH = 128;
const VALUE_NAME_LENGTH = 64;

/**
 * The limits of one task and its fields. Reporters truncate longer values. The server rejects longer values, except
 * that it truncates the result, the error and the last status in an HTTP request that ends a task.
 */
export const LIMITS = {
  /** The maximum length of a client token or a task id, in characters. */
  idLength: ID_LENGTH,
  /** The maximum length of the name of a channel, in characters. */
  channelLength: 128,
  nameLength: 200,
  statusLength: STATUS_LENGTH,
  unitLength: 32,
  logLineLength: 8_192,
  /** The maximum number of log lines in one report: 1,000, and one line that says how many lines were dropped. */
  reportLines: 1_001,
  errorMessageLength: 4_096,
  errorTypeLength: 128,
  errorStackLength: 16_384,
  resultBytes: 65_536,
  metadataBytes: 16_384,
  tags: 32,
  tagLength: 64,
  /** The maximum number of points in one task's progress history: a chart is hardly more pixels wide. */
  progressPoints: 200,
  /** The maximum number of series of values of one task; values of further series are ignored. */
  valueSeries: 16,
  valueNameLength: VALUE_NAME_LENGTH,
  /** The maximum number of points of one series of values. */
  valuePoints: 256,
  /** The maximum number of points of one series that may wait to be reported. */
  unsentValuePoints: 64,
  /**
   * The maximum number of levels of nested arrays and objects in a JSON value, because code that walks the
   * value recurses once per level.
   */
  jsonDepth: 56,
} as const;

/** The pattern of a client token: `[A-Za-z0-9._-]{1,128}`, but not `.` or `..`. */
export const CLIENT_TOKEN: RegExp = /* @__PURE__ */ new RegExp(
  `^(?!\\.{1,2}$)[A-Za-z0-9._-]{1,${ID_LENGTH}}$`,
);

/**
 * The pattern of a task id: `[A-Za-z0-9._:-]{1,128}`, but none of the reserved words. The id "start" would shadow a route;
 * the last three ids would access the prototype in a client that evaluates `all_tasks[id]`.
 */
export const TASK_ID: RegExp = /* @__PURE__ */ new RegExp(
  `^(?!(?:\\.{1,2}|start|__proto__|constructor|prototype)$)[A-Za-z0-9._:-]{1,${ID_LENGTH}}$`,
);

/**
 * The pattern of the name of a series of values: the characters that MLflow allows, without a space at either end. Such a name
 * needs no escaping in HTML, CSV or a terminal.
 */
export const VALUE_NAME: RegExp = /* @__PURE__ */ new RegExp(
  `^(?!__proto__$)(?=.{1,${VALUE_NAME_LENGTH}}$)\\w(?:[\\w .:/-]*[\\w.:/-])?$`,
);

/** The rule for the names of series, to follow "must have" in error messages. */
export const VALUE_NAME_RULE =
  `1 to ${VALUE_NAME_LENGTH} characters of A-Z a-z 0-9 _ . : / - and inner spaces`;

/** The rule for client tokens, to follow "must be" in error messages. */
export const CLIENT_RULE = `1 to ${ID_LENGTH} characters of A-Z a-z 0-9 . _ - and not . or ..`;

/** The rule for task ids, to follow "must be" in error messages. */
export const TASK_ID_RULE = `1 to ${ID_LENGTH} characters of A-Z a-z 0-9 . _ : - and not a reserved word`;

/** Returns whether a text is a valid client token, according to {@linkcode CLIENT_RULE}. */
export function isClientToken(text: string): boolean {
  return CLIENT_TOKEN.test(text);
}

/** Returns whether a text is a valid task id, according to {@linkcode TASK_ID_RULE}. */
export function isTaskId(text: string): boolean {
  return TASK_ID.test(text);
}

/** Returns whether a text is the valid name of a series of values, according to {@linkcode VALUE_NAME_RULE}. */
export function isValueName(text: string): boolean {
  return VALUE_NAME.test(text);
}
