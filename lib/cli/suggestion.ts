/**
 * Finds the word that a user probably meant.
 *
 * @module
 */

/** The maximum length of a word to compare, in characters; commands, flags and their values are shorter. */
const MAX_LENGTH = 40;
/** The minimum length of a word whose completion is suggested, in characters. */
const MIN_PREFIX = 2;

/**
 * Returns the end of an error message about an unknown word.
 *
 * @param word the unknown word
 * @param known the known words
 * @param otherwise the end of the message if no known word is similar
 * @returns such as `; did you mean "watch"?`
 */
export function didYouMean(word: string, known: readonly string[], otherwise: string): string {
  const meant = closestWord(word, known);
  return meant === null ? otherwise : `; did you mean "${meant}"?`;
}

/**
 * Finds the known word that is most similar to an unknown one: at most one typing error away, two for words of more
 * than four characters, or the only known word that begins with it. Letter case is ignored.
 *
 * @param word the unknown word
 * @param known the known words
 * @returns the most similar word; `null` if none is similar
 */
export function closestWord(word: string, known: readonly string[]): string | null {
  if (word.length > MAX_LENGTH) return null;
  const lower = word.toLowerCase();
  const longer = known.filter((each) => each.toLowerCase().startsWith(lower));
  if (word.length >= MIN_PREFIX && longer.length === 1) return longer[0]!;
  let closest: string | null = null;
  let least = word.length > 4 ? 2 : 1;
  for (const each of known) {
    // If the distance is as large as the longer word, the two words have nothing in common.
    const distance = editDistance(lower, each.toLowerCase());
    if (distance > least || distance >= Math.max(word.length, each.length)) continue;
    if (closest !== null && distance === least) continue;
    closest = each;
    least = distance;
  }
  return closest;
}

/**
 * Returns the edit distance of two words: the number of characters to insert, delete, replace or swap with their
 * neighbour (Damerau and Levenshtein).
 */
function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const next = [row];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      next.push(Math.min(
        last[column]! + 1,
        next[column - 1]! + 1,
        last[column - 1]! + (isSame ? 0 : 1),
        isSwap ? before[column - 2]! + 1 : Infinity,
      ));
    }
    before = last;
    last = next;
  }
  return last[to.length]!;
}
