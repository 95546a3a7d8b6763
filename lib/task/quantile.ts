/**
 * Computes quantiles of sorted numbers.
 *
 * @module
 */

/**
 * Computes a quantile of sorted numbers, interpolating linearly between neighbours.
 *
 * @param sorted the numbers in ascending order, with at least one at or after index `from`
 * @param share which quantile to compute: 0 for the minimum, 0.5 for the median, 1 for the maximum
 * @param from the index of the first number to include
 */
export function quantile(sorted: readonly number[], share: number, from = 0): number {
  const position = from + (sorted.length - 1 - from) * share;
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  return below + (above - below) * (position - Math.floor(position));
}
