/**
 * Finds runs of one character that may be a bar whose parts differ in their colours alone. Pure.
 *
 * @module
 */

/** Shorter runs are rulers of words, or decoration. */
const RUN = /([━─═■▬▪●█▇#=*])\1{14,199}/;

/** A range of a text, in characters. */
export interface SolidRun {
  readonly from: number;
  /** The end, which is not included. */
  readonly to: number;
}

/** Returns the first run in a text; `undefined` if there is none. */
export function solidRunIn(text: string): SolidRun | undefined {
  const match = RUN.exec(text);
  return match === null ? undefined : { from: match.index, to: match.index + match[0].length };
}
