/**
 * Limits how many bytes all connections together may keep in memory.
 *
 * @module
 */

import { LongText } from "../hub/long_text.ts";

/** The size of a character in memory, at most: texts with only Latin-1 take half of it. */
const CHARACTER_BYTES = 2;

/** Shorter pieces of a long text are not counted once for all texts, but with each text, in characters. */
const SHORT_CHARACTERS = 1_024;

/** Data that several connections may send. */
export type Shared = string | LongText | Uint8Array;

/** Counts bytes against a limit. */
export class ByteBudget {
  readonly #limit: number;
  #taken = 0;
  /** How often each text, each array of the pieces of a text, and each chunk is held. */
  readonly #holds: Map<Key, number> = new Map();

  /** @param limit the maximum number of bytes that are taken at the same time */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The number of bytes that are taken. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Takes bytes, and returns `true`, unless that would exceed the limit. If no bytes are taken, any number can be, so
   * that the limit never makes something impossible.
   */
  take(bytes: number): boolean {
    if (this.#taken > 0 && this.#taken + bytes > this.#limit) return false;
    this.#taken += bytes;
    return true;
  }

  /** Gives bytes back that were taken. */
  release(bytes: number): void {
    this.#taken -= bytes;
  }

  /**
   * Takes the bytes of data that is kept in memory, and returns `true`, unless that would exceed the limit. Data that is
   * held already is in memory once, and takes no more bytes; nor do the pieces that a long text shares with another one.
   */
  hold(data: Shared): boolean {
    const key = keyOf(data);
    const holds = this.#holds.get(key) ?? 0;
    if (holds === 0 && !this.#takeFirst(key)) return false;
    this.#holds.set(key, holds + 1);
    return true;
  }

  /** Gives the bytes of data back that was held, unless it is still held otherwise. */
  drop(data: Shared): void {
    this.#drop(keyOf(data));
  }

  #takeFirst(key: Key): boolean {
    if (!isPieces(key)) return this.take(sizeOf(key));
    const { long, shortBytes } = partsOf(key);
    const fresh = [...long].filter((piece) => !this.#holds.has(piece));
    if (!this.take(fresh.reduce((sum, piece) => sum + sizeOf(piece), shortBytes))) return false;
    for (const piece of long) this.#holds.set(piece, (this.#holds.get(piece) ?? 0) + 1);
    return true;
  }

  #drop(key: Key): void {
    const holds = this.#holds.get(key)! - 1;
    if (holds > 0) return void this.#holds.set(key, holds);
    this.#holds.delete(key);
    if (!isPieces(key)) return this.release(sizeOf(key));
    const { long, shortBytes } = partsOf(key);
    this.release(shortBytes);
    for (const piece of long) this.#drop(piece);
  }
}

/** Data that is counted once: a text, the array of the pieces of a long text, or bytes. */
type Key = string | readonly string[] | Uint8Array;

function keyOf(data: Shared): Key {
  return data instanceof LongText ? data.pieces : data;
}

function sizeOf(data: string | Uint8Array): number {
  return typeof data === "string" ? data.length * CHARACTER_BYTES : data.length;
}

/** Returns the long ones of some pieces, each once, and the size of the others. */
function partsOf(
  pieces: readonly string[],
): { readonly long: ReadonlySet<string>; readonly shortBytes: number } {
  const long = new Set<string>();
  let shortBytes = 0;
  for (const piece of pieces) {
    if (piece.length >= SHORT_CHARACTERS) long.add(piece);
    else shortBytes += sizeOf(piece);
  }
  return { long, shortBytes };
}

function isPieces(key: Key): key is readonly string[] {
  return Array.isArray(key);
}
