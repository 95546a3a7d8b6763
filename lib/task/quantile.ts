/**
 * Where in a list of amounts a share of them lies below.
 *
 * @module
 */

/**
 * The amount that a share of a list is not above; between two of them, it is in proportion.
 *
 * @param sorted the amounts, lowest first; one at least from `from` on
 * @param share from 0, the lowest, over 0.5, the median, to 1, the highest
 * @param from the index of the first that counts
 */
export function quantile(sorted: readonly number[], share: number, from = 0): number {
  const position = from + (sorted.length - 1 - from) * share;
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  return below + (above - below) * (position - Math.floor(position));
}
