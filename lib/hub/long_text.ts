/**
 * Represents a long text as a list of pieces, so that two versions of a state share the records that did not
 * change, and no record is copied.
 *
 * @module
 */

/** A text in pieces, most of which are shared with other texts. */
export class LongText {
  readonly head: string;
  /** The pieces between head and tail. Texts of the same state have the same array. */
  readonly pieces: readonly string[];
  readonly tail: string;
  /** The length of the text, in characters. */
  readonly length: number;
  #whole: string | undefined;

  /**
   * @param head the text before the pieces
   * @param pieces the pieces; no piece ends within a surrogate pair
   * @param tail the text after the pieces
   */
  constructor(head: string, pieces: readonly string[], tail: string) {
    this.head = head;
    this.pieces = pieces;
    this.tail = tail;
    this.length = pieces.reduce((sum, { length }) => sum + length, head.length + tail.length);
  }

  /** Returns this text with further text before and after it. */
  within(head: string, tail: string): LongText {
    return new LongText(head + this.head, this.pieces, this.tail + tail);
  }

  /** Returns the text as one string. The string is created by the first call. */
  toString(): string {
    return this.#whole ??= [this.head, ...this.pieces, this.tail].join("");
  }
}

/** A text in one or more pieces. */
export type Text = string | LongText;

/** Returns a text with further text before and after it. */
export function enclosed(head: string, text: string, tail: string): string;
export function enclosed(head: string, text: Text, tail: string): Text;
export function enclosed(head: string, text: Text, tail: string): Text {
  return typeof text === "string" ? head + text + tail : text.within(head, tail);
}

/** Reads a text from its beginning to its end. */
export class TextReader {
  readonly #pieces: readonly string[];
  #index = 0;
  #start = 0;
  #position = 0;

  /** @param text the text to read */
  constructor(text: Text) {
    this.#pieces = typeof text === "string" ? [text] : [text.head, ...text.pieces, text.tail];
    this.#skipEmpty();
  }

  /** Whether everything has been read. */
  get isAtEnd(): boolean {
    return this.#index === this.#pieces.length;
  }

  /** The number of characters that have been read. */
  get position(): number {
    return this.#position;
  }

  /**
   * Returns the next part of the text; a surrogate pair stays together.
   *
   * @param characters the length of the part, unless a surrogate pair or the end of the text changes it
   */
  next(characters: number): string {
    let part = "";
    this.#advance(characters, (piece, start, end) => part += piece.slice(start, end));
    return part;
  }

  /** Skips the part that {@linkcode TextReader.next} would return. */
  skip(characters: number): void {
    this.#advance(characters, () => {});
  }

  #advance(characters: number, take: (piece: string, start: number, end: number) => void): void {
    const goal = this.#position + characters;
    while (this.#position < goal && !this.isAtEnd) {
      const piece = this.#pieces[this.#index]!;
      const end = endOfPart(piece, this.#start, goal - this.#position);
      take(piece, this.#start, end);
      this.#position += end - this.#start;
      this.#start = end;
      this.#skipEmpty();
    }
  }

  #skipEmpty(): void {
    while (!this.isAtEnd && this.#start >= this.#pieces[this.#index]!.length) {
      this.#index++;
      this.#start = 0;
    }
  }
}

function endOfPart(text: string, start: number, length: number): number {
  const end = Math.min(start + length, text.length);
  return end < text.length && (text.charCodeAt(end - 1) & 0xfc00) === 0xd800 ? end + 1 : end;
}
