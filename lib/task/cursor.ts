/**
 * Cursors: resumable positions in a monitor's order of changes.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";

/** A position in the order of all changes of one monitor. */
export interface Cursor {
  /** Names one numbering; a monitor that lost its numbers starts another. */
  readonly epoch: string;
  /** The number of the last change that was seen. */
  readonly seq: number;
}

const CURSOR_GRAMMAR = /^([A-Za-z0-9]{1,32}):(\d{1,15})$/;

/** Writes a cursor as `<epoch>:<seq>`. */
export function formatCursor(cursor: Cursor): string {
  return `${cursor.epoch}:${cursor.seq}`;
}

/**
 * Reads a cursor.
 *
 * @param text `<epoch>:<seq>`
 * @returns the cursor
 * @throws {ProtocolError} where the text is not a cursor
 */
export function parseCursor(text: string): Cursor {
  const match = CURSOR_GRAMMAR.exec(text);
  if (match === null) {
    throw new ProtocolError(`Cannot read cursor: wanted <epoch>:<number>, received "${text.slice(0, 64)}"`);
  }
  return { epoch: match[1]!, seq: Number(match[2]) };
}
