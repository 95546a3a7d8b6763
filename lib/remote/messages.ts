/**
 * The messages between remote reporters and the server, which are the same over WebSocket and plain HTTP.
 *
 * A reporter numbers its batches; the server replies with the number of the last batch whose reports, and
 * those of all earlier batches, are committed. Batches that are uncommitted when a connection ends are resent
 * over the next connection. Resending is idempotent, because each report has its own sequence number
 * (`Report.seq`).
 *
 * Every batch says when it was sent, by the reporter's clock, so that the server can convert the times of its
 * reports to its own clock. A batch that is resent has a new time, while its reports keep their times.
 *
 * @module
 */

import { now } from "../clock.ts";
import { ProtocolError } from "../errors.ts";
import { object } from "../task/field_checks.ts";
import { parseCommand, type ReporterCommand } from "../reporter/reporter_command.ts";

/** The path for batches over plain HTTP, relative to the base path. */
export const REPORT_PATH = "report";

/** The path of the reporters' WebSocket, relative to the base path. */
export const REPORT_SOCKET_PATH = "ws/report";

/** The grammar of a reporter's id, which the reporter generates at random. */
const REPORTER_ID_GRAMMAR = /^[A-Za-z0-9_-]{8,64}$/;

/** The maximum number of reports in a batch that a server accepts; reporters put fewer into a batch. */
export const MAX_BATCH_REPORTS = 2_000;

/** A batch of reports that are not validated yet. */
export interface ReportBatch {
  /**
   * The number of the batch; the reporter numbers its batches from 1. An empty batch is a keep-alive and may
   * have the number 0.
   */
  readonly batch: number;
  /**
   * When the batch was sent, in epoch seconds on the reporter's clock; `null` if the reporter's version of
   * the library does not send this time.
   */
  readonly sentAt: number | null;
  readonly reports: readonly unknown[];
  /**
   * The secret of the reporter, which proves its id, in the first message over a socket and in every batch
   * over plain HTTP; `null` if the batch has none.
   */
  readonly secret: string | null;
}

/** A message from the server to a reporter. */
export type ReportReply =
  /** The reply that all batches up to this one are committed. */
  | { readonly type: "taken"; readonly batch: number }
  /** The reply to a keep-alive. */
  | { readonly type: "alive" }
  /**
   * The announcement that the server is about to shut down; the reporter must resend uncommitted batches to
   * the next server.
   */
  | { readonly type: "closing" }
  | ReporterCommand;

/** The maximum length of a reporter's secret, in characters. */
const MAX_SECRET_LENGTH = 128;

/** Returns whether a text is a valid reporter id: 8 to 64 characters of `A-Za-z0-9_-`. */
export function isReporterId(text: string): boolean {
  return REPORTER_ID_GRAMMAR.test(text);
}

/**
 * Serialises a batch of reports that are already JSON, with the reporter's secret if this is given. Call this
 * when the batch is sent, because the batch records the time.
 */
export function writeBatch(batch: number, reports: readonly string[], secret: string | null = null): string {
  const proof = secret === null ? "" : `"secret":${JSON.stringify(secret)},`;
  return `{${proof}"batch":${batch},"sent_at":${now()},"reports":[${reports.join()}]}`;
}

/**
 * Parses a batch.
 *
 * @param value the output of `JSON.parse`
 * @returns the batch, whose reports must be validated one by one
 * @throws {ProtocolError} if the value is not a batch
 */
export function parseBatch(value: unknown): ReportBatch {
  const { batch, sent_at: sentAt, reports, secret = null } = object(value, "batch");
  if (!isBatchNumber(batch)) throw new ProtocolError('Cannot read "batch": wanted a whole number from 0');
  if (!Array.isArray(reports)) throw new ProtocolError('Cannot read "reports": wanted an array');
  if (reports.length > MAX_BATCH_REPORTS) {
    throw new ProtocolError(
      `Cannot read "reports": wanted at most ${MAX_BATCH_REPORTS}, received ${reports.length}`,
    );
  }
  if (!isSecret(secret)) {
    throw new ProtocolError(`Cannot read "secret": wanted at most ${MAX_SECRET_LENGTH} characters`);
  }
  // An invalid time counts as missing; the server then uses the time of the newest report instead.
  const isTime = typeof sentAt === "number" && Number.isFinite(sentAt);
  return { batch, sentAt: isTime ? sentAt : null, reports, secret };
}

/**
 * Parses a reply of the server.
 *
 * @param value the output of `JSON.parse`
 * @returns the reply
 * @throws {ProtocolError} if the value is not a reply
 */
export function parseReply(value: unknown): ReportReply {
  const { type, batch } = object(value, "reply");
  if (type === "alive" || type === "closing") return { type };
  if (type !== "taken") return parseCommand(value);
  if (!isBatchNumber(batch)) throw new ProtocolError('Cannot read "batch": wanted a whole number from 0');
  return { type, batch };
}

function isSecret(value: unknown): value is string | null {
  return value === null || (typeof value === "string" && value.length <= MAX_SECRET_LENGTH);
}

function isBatchNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
