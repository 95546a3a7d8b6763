/**
 * Follows the colours and other attributes that a program writes with (`SGR`, ECMA-48, 8.3.117). Pure.
 *
 * @module
 */

/** The slots of flags, such as bold, that each of the `SGR` parameters 22 to 29 clears. */
const FLAG_SLOTS: ReadonlyMap<number, readonly number[]> = new Map([
  [22, [1, 2]],
  [23, [3]],
  [24, [4]],
  [25, [5]],
  [27, [7]],
  [28, [8]],
  [29, [9]],
]);
const FOREGROUND = 38;
const BACKGROUND = 48;
/** The maximum length of the parameters of a sequence, in characters. A terminal accepts at least 16 parameters. */
const MAX_LENGTH = 100;

/** The attributes in effect. */
export class Pen {
  /** The parameters in effect, by slot. */
  readonly #slots: Map<number, string> = new Map();
  #style = "";

  /** The parameters that set exactly these attributes after a reset; empty for plain text. */
  get style(): string {
    return this.#style;
  }

  /** Applies an `SGR` sequence, given by its parameters, such as `1;31`. */
  apply(parameters: string): void {
    if (parameters.length > MAX_LENGTH) return;
    const codes = parameters.split(";");
    for (let at = 0; at < codes.length; at++) {
      const code = codes[at]!;
      // The colour follows after a colon in the same parameter, or in the next two or four parameters.
      const isColour = code === "38" || code === "48";
      const count = !isColour ? 1 : codes[at + 1] === "5" ? 3 : codes[at + 1] === "2" ? 5 : 1;
      if (!isColour || count > 1) {
        this.#set(Number.parseInt(code, 10) || 0, codes.slice(at, at + count).join(";"));
      }
      at += count - 1;
    }
    this.#style = [...this.#slots.values()].join(";");
  }

  #set(code: number, parameter: string): void {
    const slots = this.#slots;
    const colour = code % 10;
    const layer = code >= 90 ? code - 60 - colour : code - colour;
    if (code === 0) slots.clear();
    else if (code <= 9) slots.set(code, parameter);
    else if (FLAG_SLOTS.has(code)) FLAG_SLOTS.get(code)!.forEach((slot) => slots.delete(slot));
    else if (code === 39) slots.delete(FOREGROUND);
    else if (code === 49) slots.delete(BACKGROUND);
    else if (colour >= 8 && code > BACKGROUND) return;
    else if (layer === 30) slots.set(FOREGROUND, parameter);
    else if (layer === 40) slots.set(BACKGROUND, parameter);
  }
}

/** A position in a row at which a style begins. The style applies up to the next mark. */
export interface StyleMark {
  readonly at: number;
  /** The parameters of the style; empty for plain text. */
  readonly style: string;
}

/**
 * Gives a range of a row a style.
 *
 * @param marks the marks of the row, in order; text before the first mark is plain
 * @param from the first column of the range
 * @param to the column after the range
 * @param style the style of the range
 * @returns the resulting marks, in order
 */
export function painted(
  marks: readonly StyleMark[],
  from: number,
  to: number,
  style: string,
): readonly StyleMark[] {
  if (from >= to || (marks.length === 0 && style === "")) return marks;
  const after = marks.findLast(({ at }) => at <= to)?.style ?? "";
  const all = [
    ...marks.filter(({ at }) => at < from),
    { at: from, style },
    { at: to, style: after },
    ...marks.filter(({ at }) => at > to),
  ];
  return all.filter((mark, index) => mark.style !== (all[index - 1]?.style ?? ""));
}

/**
 * Returns the text of a row with the escape sequences of its styles.
 *
 * @param text the text
 * @param marks the marks of the text, in order
 */
export function styledText(text: string, marks: readonly StyleMark[]): string {
  let styled = "";
  let start = 0;
  for (const { at, style } of marks) {
    if (at >= text.length) break;
    styled += `${text.slice(start, at)}\x1b[0${style === "" ? "" : `;${style}`}m`;
    start = at;
  }
  const isStyled = marks.findLast(({ at }) => at < text.length)?.style ?? "";
  return styled + text.slice(start) + (isStyled === "" ? "" : "\x1b[0m");
}
