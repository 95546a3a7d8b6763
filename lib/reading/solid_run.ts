/**
 * Finds runs of one character, which may be a bar whose parts differ only in colour. Pure.
 *
 * @module
 */

/** A run of one character. Shorter runs underline words or are decoration. */
const RUN = /([━─═■▬▪●█▇#=*])\1{14,199}/;

/** A range of a text, in characters. */
export interface SolidRun {
  readonly from: number;
  /** The index after the last character. */
  readonly to: number;
}

/** Returns the first run in a text; `undefined` if there is none. */
export function solidRunIn(text: string): SolidRun | undefined {
  const match = RUN.exec(text);
  return match === null ? undefined : { from: match.index, to: match.index + match[0].length };
}
