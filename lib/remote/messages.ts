/**
 * What reporters in other processes and the server say to each other, over a socket or over plain HTTP. Pure.
 *
 * A reporter sends reports in batches that it numbers itself; the server says up to which batch everything is
 * committed. What is not by the end of a connection is sent again over the next one: each report has a number of its
 * own (`Report.seq`), so that what had arrived before changes nothing.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { object } from "../task/protocol.ts";
import { parseCommand, type ReporterCommand } from "../reporter/reporter_command.ts";

/** The path, below the base path, that takes batches over plain HTTP. */
export const REPORT_PATH = "report";

/** The path, below the base path, of the socket for reporters. */
export const REPORT_SOCKET_PATH = "ws/report";

/** The grammar of a reporter's id, which it makes up: random, so that no two have the same. */
const REPORTER_ID_GRAMMAR = /^[A-Za-z0-9_-]{8,64}$/;

/** Reports that travel together. Each of them is still to be checked. */
export interface ReportBatch {
  /** The reporter's own number of it, from 1. A batch without reports is a sign of life, which may be 0. */
  readonly batch: number;
  readonly reports: readonly unknown[];
}

/** What the server tells a reporter. */
export type ReportReply =
  /** Everything up to a batch is committed. */
  | { readonly type: "taken"; readonly batch: number }
  /** The server is there. */
  | { readonly type: "alive" }
  /** The server is about to end; what is not taken by then is for the next one. */
  | { readonly type: "closing" }
  | ReporterCommand;

/** Whether a text can be the id of a reporter. */
export function isReporterId(text: string): boolean {
  return REPORTER_ID_GRAMMAR.test(text);
}

/** Writes a batch of reports that are JSON already. */
export function writeBatch(batch: number, reports: readonly string[]): string {
  return `{"batch":${batch},"reports":[${reports.join()}]}`;
}

/**
 * Reads a batch.
 *
 * @param value what `JSON.parse` gave
 * @returns the batch, whose reports are still to be checked one by one
 * @throws {ProtocolError} where it is none
 */
export function parseBatch(value: unknown): ReportBatch {
  const { batch, reports } = object(value, "batch");
  if (!isBatchNumber(batch)) throw new ProtocolError('Cannot read "batch": wanted a whole number from 0');
  if (!Array.isArray(reports)) throw new ProtocolError('Cannot read "reports": wanted an array');
  return { batch, reports };
}

/**
 * Reads what the server tells a reporter.
 *
 * @param value what `JSON.parse` gave
 * @returns the reply
 * @throws {ProtocolError} where it is none
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
