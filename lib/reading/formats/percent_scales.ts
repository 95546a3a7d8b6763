/**
 * Recognises scales of percentages that are drawn from left to right, such as `0%..10%..20%`. Pure.
 *
 * @module
 */

/** A line that consists only of a scale. */
const SCALE = /^\D{0,80}?\.*\d{1,3}%(?:\.+\d{1,3}%)+\.*[\s\])]*$/;
const DOTS = /^\.+/;

/**
 * Finds the last percentage of a scale.
 *
 * @param matches the percentages of a line
 * @param valueOf reads one of them
 * @returns the last percentage; `undefined` if they are not a scale
 */
export function lastOfScale(
  matches: readonly RegExpExecArray[],
  valueOf: (match: RegExpExecArray) => number,
): RegExpExecArray | undefined {
  if (matches.length < 2 || (matches.length === 2 && !SCALE.test(matches[0]!.input))) return undefined;
  const values = matches.map(valueOf);
  const isScale = values.every((value, index) => index === 0 || value > values[index - 1]!);
  const [first = 0, second = 0] = values;
  return isScale && (first === 0 || first === second - first) ? matches.at(-1) : undefined;
}

/**
 * Learns whether a program draws the dots of its scale one by one, so that each dot counts, or together with the next
 * number.
 */
export class ScaleDots {
  #areSteps = false;

  /**
   * Returns how far the dots behind the last number of a scale have come towards the next number.
   *
   * @param matches the percentages of the scale
   * @returns from 0 to 1
   */
  shareOf(matches: readonly RegExpExecArray[]): number {
    const [most = 0, dots = 0] = matches.slice(-2).map(dotsBehind);
    this.#areSteps ||= dots > 0 && dots < most;
    return this.#areSteps && dots <= most ? dots / (most + 1) : 0;
  }
}

function dotsBehind({ input, index, 0: text }: RegExpExecArray): number {
  return DOTS.exec(input.slice(index + text.length))?.[0].length ?? 0;
}
