/**
 * Limits how many bytes all connections together may keep in memory.
 *
 * @module
 */

import { LongText } from "../hub/long_text.ts";

/**
 * The maximum size of a character in memory, in bytes; a text with only Latin-1 characters takes half as
 * much.
 */
const CHARACTER_BYTES = 2;

/**
 * The minimum length of a piece, in characters, to be counted once for all long texts that share it; shorter
 * pieces are counted with each text.
 */
const SHORT_CHARACTERS = 1_024;

/** Data that several connections may send at the same time, although it is in memory once. */
export type Shared = string | LongText | Uint8Array;

/** How often data is held, and on whose share of the limit it is counted. */
interface Hold {
  count: number;
  readonly holder: string | null;
}

/**
 * Reserves bytes within a limit. As with `Slots`, each holder may reserve at most as many bytes as remain
 * free; a holder of `null` may reserve all bytes.
 */
export class ByteBudget {
  readonly #limit: number;
  #taken = 0;
  readonly #byHolder: Map<string, number> = new Map();
  /** The data that is held: texts, arrays of the pieces of a long text, and chunks of bytes. */
  readonly #holds: Map<Key, Hold> = new Map();

  /** @param limit the maximum number of bytes that are reserved at the same time */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The number of reserved bytes. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Reserves bytes and returns `true`; returns `false` if that would exceed the limit. While no bytes are
   * reserved, any number can be reserved, so that a single large item is never impossible.
   */
  take(bytes: number, holder: string | null = null): boolean {
    return this.change(0, bytes, holder);
  }

  /**
   * Changes the number of bytes that a holder has reserved and returns `true`; returns `false` if the
   * additional bytes would exceed the limit. A smaller number is never refused.
   */
  change(from: number, to: number, holder: string | null = null): boolean {
    const more = to - from;
    const held = holder === null ? 0 : this.#byHolder.get(holder) ?? 0;
    if (more > 0 && this.#taken > from && held + more > this.#limit - this.#taken) return false;
    this.#count(more, holder);
    return true;
  }

  /** Releases bytes that a holder has reserved. */
  release(bytes: number, holder: string | null = null): void {
    this.#count(-bytes, holder);
  }

  /**
   * Reserves the bytes of data that is kept in memory and returns `true`; returns `false` if that would
   * exceed the limit. Data that is already held reserves no further bytes, because it is in memory once; the
   * same is true of the pieces that a long text shares with another long text.
   */
  hold(data: Shared, holder: string | null = null): boolean {
    const key = keyOf(data);
    if (!this.#holds.has(key) && !this.#takeFirst(key, holder)) return false;
    this.#add(key, holder);
    return true;
  }

  /**
   * Releases the bytes of data, unless the data is still held by another call of {@linkcode ByteBudget.hold}.
   */
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

/** Returns the long pieces, each once, and the size of all short pieces, in bytes. */
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
