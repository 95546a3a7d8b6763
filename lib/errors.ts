/**
 * Errors that callers may want to catch. Imports nothing.
 *
 * @module
 */

/** Something came from outside that does not follow the protocol: JSON of the wrong shape, an id of the wrong grammar. */
export class ProtocolError extends Error {
  /** The name of the class. */
  override readonly name = "ProtocolError";
}

/** An option has a value that it can't have. The message names the option, what was wanted and what came. */
export class ConfigError extends Error {
  /** The name of the class. */
  override readonly name = "ConfigError";
}

/** A bound was reached; the request can't be taken now. */
export class LimitError extends Error {
  /** The name of the class. */
  override readonly name = "LimitError";
  /** The name of the bound in the configuration. */
  readonly limit: string;

  /**
   * Says which bound was reached.
   *
   * @param limit the name of the bound in the configuration
   * @param message what happened, for people
   */
  constructor(limit: string, message: string) {
    super(message);
    this.limit = limit;
  }
}

/** The monitor was shut down, and takes nothing any more. */
export class ClosedError extends Error {
  /** The name of the class. */
  override readonly name = "ClosedError";
}

/** `monitored()` can't tell which monitor is meant. */
export class AmbiguousMonitorError extends Error {
  /** The name of the class. */
  override readonly name = "AmbiguousMonitorError";
}

/** The place where tasks are kept can't be used. The message names the file and says why. */
export class StorageError extends Error {
  /** The name of the class. */
  override readonly name = "StorageError";
  /** The path of the file. */
  readonly file: string;
  /** Why, for people who need not know where the file is. */
  readonly reason: string;

  /**
   * Says what is the matter.
   *
   * @param file the path of the file
   * @param reason why it can't be used, for people
   * @param options the cause
   */
  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`Cannot keep tasks in "${file}": ${reason}`, options);
    this.file = file;
    this.reason = reason;
  }
}
