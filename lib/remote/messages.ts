/**
 * The messages between remote reporters and the server, the same over WebSocket and plain HTTP. Pure.
 *
 * A reporter numbers its batches; the server replies with the number up to which everything is committed.
 * Batches that are uncommitted when a connection ends are resent over the next one. That is idempotent,
 * because each report has a sequence number of its own (`Report.seq`).
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { object } from "../task/protocol.ts";
import { parseCommand, type ReporterCommand } from "../reporter/reporter_command.ts";

/** The path for batches over plain HTTP, relative to the base path. */
export const REPORT_PATH = "report";

/** The path of the reporters' WebSocket, relative to the base path. */
export const REPORT_SOCKET_PATH = "ws/report";

/** A reporter's id, which it generates at random. */
const REPORTER_ID_GRAMMAR = /^[A-Za-z0-9_-]{8,64}$/;

/** A batch of reports that are not validated yet. */
export interface ReportBatch {
  /** The reporter's number of the batch, from 1. An empty batch is a keep-alive and may be numbered 0. */
  readonly batch: number;
  readonly reports: readonly unknown[];
}

/** A message from the server to a reporter. */
export type ReportReply =
  /** Everything up to this batch is committed. */
  | { readonly type: "taken"; readonly batch: number }
  /** A response to a keep-alive. */
  | { readonly type: "alive" }
  /** The server is about to shut down; its successor expects what is uncommitted by then. */
  | { readonly type: "closing" }
  | ReporterCommand;

/** Whether a text is a valid reporter id: 8 to 64 of `A-Za-z0-9_-`. */
export function isReporterId(text: string): boolean {
  return REPORTER_ID_GRAMMAR.test(text);
}

/** Serialises a batch of reports that are JSON already. */
export function writeBatch(batch: number, reports: readonly string[]): string {
  return `{"batch":${batch},"reports":[${reports.join()}]}`;
}

/**
 * Parses a batch.
 *
 * @param value the output of `JSON.parse`
 * @returns the batch, whose reports must be validated one by one
 * @throws {ProtocolError} if the value is not a batch
 */
export function parseBatch(value: unknown): ReportBatch {
  const { batch, reports } = object(value, "batch");
  if (!isBatchNumber(batch)) throw new ProtocolError('Cannot read "batch": wanted a whole number from 0');
  if (!Array.isArray(reports)) throw new ProtocolError('Cannot read "reports": wanted an array');
  return { batch, reports };
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

function isBatchNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
