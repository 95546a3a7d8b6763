/**
 * Encodes a text piece by piece, at the pace at which `Deno.serve` passes the pieces on.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { type LongText, type Text, TextReader } from "../hub/long_text.ts";

/**
 * How much of a text is sent at once, in bytes or characters: Deno keeps several pieces for a peer that does not read, and a
 * buffer of the size of the largest piece for as long as the response lasts.
 */
export const PIECE_SIZE = 16_384;

const encoder = new TextEncoder();

/** The encoded pieces of long texts that are still in memory, by their numbers. */
const encoded: WeakMap<LongText, Map<number, WeakRef<Uint8Array<ArrayBuffer>>>> = new WeakMap();

/**
 * Resolves in the next turn of the event loop, in which Deno sends what it was given. Deno joins pieces that it gets in
 * the same turn into one buffer, which would stay large.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Encodes a text from its beginning to its end. Readers of the same long text share the bytes of a piece. */
export class PacedText {
  readonly #text: Text;
  readonly #reader: TextReader;
  #index = 0;

  /** @param text the text to read */
  constructor(text: Text) {
    this.#text = text;
    this.#reader = new TextReader(text);
  }

  /** Whether everything has been read. */
  get isAtEnd(): boolean {
    return this.#reader.isAtEnd;
  }

  /** The number of characters that have been read. */
  get position(): number {
    return this.#reader.position;
  }

  /** Returns the next piece, which ends between two characters, and which the caller must not change. */
  next(): Uint8Array<ArrayBuffer> {
    if (typeof this.#text === "string") return encoder.encode(this.#reader.next(PIECE_SIZE));
    let pieces = encoded.get(this.#text);
    if (pieces === undefined) encoded.set(this.#text, pieces = new Map());
    const index = this.#index++;
    const shared = pieces.get(index)?.deref();
    if (shared !== undefined) {
      this.#reader.skip(PIECE_SIZE);
      return shared;
    }
    const piece = encoder.encode(this.#reader.next(PIECE_SIZE));
    pieces.set(index, new WeakRef(piece));
    return piece;
  }
}
