/**
 * Errors that callers may want to catch. This module imports nothing.
 *
 * @module
 */

/**
 * Thrown if input violates the protocol: malformed JSON, a wrong type, an invalid id. The message names the
 * field.
 */
export class ProtocolError extends Error {
  /** The name of the class. */
  override readonly name = "ProtocolError";
}

/** Thrown if an option is invalid. The message names the option, the accepted values and the received one. */
export class ConfigError extends Error {
  /** The name of the class. */
  override readonly name = "ConfigError";
}

/** Thrown if a limit is reached, so that the request can't be accepted now. */
export class LimitError extends Error {
  /** The name of the class. */
  override readonly name = "LimitError";
  /** The name of the limit in the configuration. */
  readonly limit: string;

  /**
   * Creates the error.
   *
   * @param limit the name of the limit in the configuration
   * @param message what failed and why
   */
  constructor(limit: string, message: string) {
    super(message);
    this.limit = limit;
  }
}

/** Thrown if a monitor is used after it was shut down. */
export class ClosedError extends Error {
  /** The name of the class. */
  override readonly name = "ClosedError";
}

/**
 * Thrown by a monitored function that could report to several monitors. To avoid this error, set the
 * function's `channel` option, or use `monitor.monitored()`.
 */
export class AmbiguousMonitorError extends Error {
  /** The name of the class. */
  override readonly name = "AmbiguousMonitorError";
}

/** Thrown if the database can't be used. The message names it and the reason. */
export class StorageError extends Error {
  /** The name of the class. */
  override readonly name: string = "StorageError";
  /** The path of the database file, or the URL of the database without a password. */
  readonly file: string;
  /** The reason without the file's path, for users who must not see the path. */
  readonly reason: string;
  /** Whether data could not be read; if `false`, data could not be stored. */
  readonly isRead: boolean;

  /**
   * Creates the error.
   *
   * @param file the path of the database file, or the URL of the database without a password
   * @param reason why the database can't be used
   * @param options the cause, and whether data could not be read
   */
  constructor(file: string, reason: string, options: ErrorOptions & { readonly isRead?: boolean } = {}) {
    const { isRead = false, ...rest } = options;
    super(`Cannot ${isRead ? "read" : "store"} tasks in "${file}": ${reason}`, rest);
    this.file = file;
    this.reason = reason;
    this.isRead = isRead;
  }
}

/**
 * Thrown if the record of a task is damaged. The record stays in the database, but the task is left out of
 * all responses from then on.
 */
export class DamagedRecordError extends StorageError {
  /** The name of the class. */
  override readonly name = "DamagedRecordError";
}
