/**
 * Encodes a text piece by piece, at the pace at which `Deno.serve` passes the pieces on.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { type LongText, type Text, TextReader } from "../hub/long_text.ts";

/** How much of a text is sent at once at first, in bytes or characters. */
const FIRST_PIECE_SIZE = 4_096;

/** How much of a text is sent at once behind its beginning, in bytes or characters. */
const PIECE_SIZE = 16_384;

/** How long the beginning of a text is, in bytes or characters: a peer that reads nothing gets no more. */
const BEGINNING_SIZE = 131_072;

/**
 * Returns how much of a text to send at once. Deno keeps several pieces for a peer that does not read, and a buffer of the
 * size of the largest piece for as long as the response lasts: an event stream whose peer reads nothing takes 69 KB rather
 * than 80 with small pieces. Larger ones are cheaper to send.
 *
 * @param position how much has been sent, in bytes or characters
 * @returns the size of the next piece, in bytes or characters
 */
export function pieceSizeAt(position: number): number {
  return position < BEGINNING_SIZE ? FIRST_PIECE_SIZE : PIECE_SIZE;
}

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
    const size = pieceSizeAt(this.position);
    if (typeof this.#text === "string") return encoder.encode(this.#reader.next(size));
    let pieces = encoded.get(this.#text);
    if (pieces === undefined) encoded.set(this.#text, pieces = new Map());
    const index = this.#index++;
    const shared = pieces.get(index)?.deref();
    if (shared !== undefined) {
      this.#reader.skip(size);
      return shared;
    }
    const piece = encoder.encode(this.#reader.next(size));
    pieces.set(index, new WeakRef(piece));
    return piece;
  }
}
