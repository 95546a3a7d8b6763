/**
 * Formats and parses cursors: resumable positions in a monitor's order of changes.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";

/** A position in the order of all changes of one monitor. */
export interface Cursor {
  /**
   * The epoch, which identifies a series of sequence numbers. A monitor that lost its numbers begins a new
   * epoch.
   */
  readonly epoch: string;
  /** The sequence number of the last change before the position. */
  readonly seq: number;
}

const CURSOR_GRAMMAR = /^([A-Za-z0-9]{1,32}):(\d{1,15})$/;

/** Formats a cursor as `<epoch>:<seq>`. */
export function formatCursor(cursor: Cursor): string {
  return `${cursor.epoch}:${cursor.seq}`;
}

/**
 * Parses a cursor.
 *
 * @param text the cursor in the form `<epoch>:<seq>`
 * @returns the cursor
 * @throws {ProtocolError} if the text is not a cursor
 */
export function parseCursor(text: string): Cursor {
  const match = CURSOR_GRAMMAR.exec(text);
  if (match === null) {
    throw new ProtocolError(`Cannot read cursor: wanted <epoch>:<number>, received "${text.slice(0, 64)}"`);
  }
  return { epoch: match[1]!, seq: Number(match[2]) };
}
