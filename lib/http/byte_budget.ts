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

/** What is held of data: how often, and on whose behalf it was taken. */
interface Hold {
  count: number;
  readonly holder: string | null;
}

/**
 * Counts bytes against a limit. A holder may have as many bytes as are left for all others, as with `Slots`; `null` stands
 * for one that may take all bytes.
 */
export class ByteBudget {
  readonly #limit: number;
  #taken = 0;
  readonly #byHolder: Map<string, number> = new Map();
  /** The texts, arrays of the pieces of a text, and chunks that are held. */
  readonly #holds: Map<Key, Hold> = new Map();

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
  take(bytes: number, holder: string | null = null): boolean {
    return this.change(0, bytes, holder);
  }

  /**
   * Changes a number of bytes that a holder has taken, and returns `true`, unless it can't take so many more. Fewer are
   * never refused.
   */
  change(from: number, to: number, holder: string | null = null): boolean {
    const more = to - from;
    const held = holder === null ? 0 : this.#byHolder.get(holder) ?? 0;
    if (more > 0 && this.#taken > from && held + more > this.#limit - this.#taken) return false;
    this.#count(more, holder);
    return true;
  }

  /** Gives bytes back that a holder has taken. */
  release(bytes: number, holder: string | null = null): void {
    this.#count(-bytes, holder);
  }

  /**
   * Takes the bytes of data that is kept in memory, and returns `true`, unless that would exceed the limit. Data that is
   * held already is in memory once, and takes no more bytes; nor do the pieces that a long text shares with another one.
   */
  hold(data: Shared, holder: string | null = null): boolean {
    const key = keyOf(data);
    if (!this.#holds.has(key) && !this.#takeFirst(key, holder)) return false;
    this.#add(key, holder);
    return true;
  }

  /** Gives the bytes of data back that was held, unless it is still held otherwise. */
  drop(data: Shared): void {
    this.#drop(keyOf(data));
  }

  #takeFirst(key: Key, holder: string | null): boolean {
    if (!isPieces(key)) return this.take(sizeOf(key), holder);
    const { long, shortBytes } = partsOf(key);
    const fresh = [...long].filter((piece) => !this.#holds.has(piece));
    const bytes = fresh.reduce((sum, piece) => sum + sizeOf(piece), shortBytes);
    if (!this.take(bytes, holder)) return false;
    for (const piece of long) this.#add(piece, holder);
    return true;
  }

  #add(key: Key, holder: string | null): void {
    const hold = this.#holds.get(key);
    if (hold === undefined) this.#holds.set(key, { count: 1, holder });
    else hold.count++;
  }

  #drop(key: Key): void {
    const hold = this.#holds.get(key)!;
    if (--hold.count > 0) return;
    this.#holds.delete(key);
    if (!isPieces(key)) return this.release(sizeOf(key), hold.holder);
    const { long, shortBytes } = partsOf(key);
    this.release(shortBytes, hold.holder);
    for (const piece of long) this.#drop(piece);
  }

  #count(bytes: number, holder: string | null): void {
    this.#taken += bytes;
    if (holder === null) return;
    const held = (this.#byHolder.get(holder) ?? 0) + bytes;
    if (held > 0) this.#byHolder.set(holder, held);
    else this.#byHolder.delete(holder);
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
