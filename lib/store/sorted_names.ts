/**
 * Keeps names sorted in the same order as the tables of the databases.
 *
 * @module
 */

/**
 * A set of names, sorted by the code points of their JSON texts, as in the tables of the databases. Each name is
 * converted only once, so that 100,000 names take milliseconds.
 */
export class SortedNames {
  readonly #texts: string[];

  /** @param names the initial names, in any order, possibly with duplicates */
  constructor(names: Iterable<string> = []) {
    this.#texts = Array.from(new Set(names), (name) => JSON.stringify(name)).sort(compareTexts);
  }

  /** Adds a name, unless the set has it. */
  add(name: string): void {
    const text = JSON.stringify(name);
    const index = this.#indexOf(text);
    if (this.#texts[index] !== text) this.#texts.splice(index, 0, text);
  }

  /** Deletes a name, if the set has it. */
  delete(name: string): void {
    const text = JSON.stringify(name);
    const index = this.#indexOf(text);
    if (this.#texts[index] === text) this.#texts.splice(index, 1);
  }

  /** Returns the names after a name, which need not be in the set; all names if it is `null`. */
  *after(name: string | null): Generator<string> {
    const text = name === null ? "" : JSON.stringify(name);
    let index = this.#indexOf(text);
    if (this.#texts[index] === text) index++;
    while (index < this.#texts.length) yield JSON.parse(this.#texts[index++]!);
  }

  /** Returns the index of the first text that is equal to a text or after it. */
  #indexOf(text: string): number {
    let [low, high] = [0, this.#texts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareTexts(this.#texts[middle]!, text) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function compareTexts(left: string, right: string): number {
  let index = 0;
  while (index < left.length && left[index] === right[index]) index++;
  return rankAt(left, index) - rankAt(right, index);
}

/** Returns a number that orders UTF-16 code units by their code points: surrogates belong to the highest ones. */
function rankAt(text: string, index: number): number {
  if (index >= text.length) return -1;
  const unit = text.charCodeAt(index);
  return unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit;
}
