/**
 * Parses numbers as programs around the world write them. Pure.
 *
 * @module
 */

/** A whole number, also with thousands separated: `1234`, `1,234`, `1.234`, `1'234`, `1 234`. */
export const COUNT = String.raw`(?:\d{1,3}(?:[.,'’ ]\d{3})+(?!\d)|\d{1,15})`;

/** A number with or without decimals: `42`, `42.5`, `42,5`, `1,234.5`. */
export const DECIMAL = String
  .raw`(?:\d{1,3}(?:[,'’ ]\d{3})+(?:\.\d+)?|\d{1,3}(?:[.'’ ]\d{3})+,\d+|\d{1,15}(?:[.,]\d{1,15})?)`;

/**
 * The unit of a size: `B`, `KiB`, `MB`, `Go`, `bytes`, `M`. The first group is the prefix of the unit, if it has one.
 */
export const SIZE_UNIT = String.raw`(?:([kKMGTPE]i?)?(?:B|b|o|bytes|Bytes)|([kKMGTPE]i?))(?![\w/])`;

const DIGIT = /\p{Nd}/u;
const FOREIGN = /\P{ASCII}/u;
/** Spaces that separate thousands, and a number from its unit: no-break, thin, figure and narrow no-break space. */
const SPACES = /[\u00a0\u2007\u2009\u202f]/g;
const SEPARATED_THOUSANDS = /(?<=\d)[\u00a0\u2007\u2009\u202f](?=\d{3}(?!\d))/g;

/**
 * Rewrites non-ASCII digits, signs and spaces to ASCII, so that patterns need to match only one form.
 *
 * @param text a line of output
 */
export function withAsciiNumbers(text: string): string {
  if (!FOREIGN.test(text)) return text;
  return text.replace(/\p{Nd}/gu, asciiDigit).replace(SEPARATED_THOUSANDS, "").replace(SPACES, " ").replace(
    /[％٪﹪]/g,
    "%",
  ).replace(
    /／/g,
    "/",
  )
    .replace(/٫/g, ".").replace(/٬/g, ",");
}

/**
 * Returns the ASCII form of a decimal digit. In Unicode, every set of decimal digits is ten contiguous code points,
 * zero first (Unicode Standard, 4.6).
 */
function asciiDigit(digit: string): string {
  const code = digit.codePointAt(0)!;
  if (code < 0x80) return digit;
  let zero = code;
  while (code - zero < 9 && DIGIT.test(String.fromCodePoint(zero - 1))) zero--;
  return String(code - zero);
}

/**
 * Reads a whole number.
 *
 * @param text matched by {@linkcode COUNT}
 */
export function countOf(text: string): number {
  return Number(text.replace(/[.,'’ ]/g, ""));
}

/**
 * Reads a number with or without decimals. Several commas or dots, or a single comma before exactly three digits,
 * separate thousands. Any other comma or dot is the decimal sign.
 *
 * @param text matched by {@linkcode DECIMAL}
 */
export function decimalOf(text: string): number {
  const bare = text.replace(/['’ ]/g, "");
  const comma = bare.lastIndexOf(",");
  const dot = bare.lastIndexOf(".");
  if (comma === -1) return Number(bare.indexOf(".") === dot ? bare : bare.replaceAll(".", ""));
  if (dot > comma) return Number(bare.replaceAll(",", ""));
  if (dot !== -1) return Number(bare.replaceAll(".", "").replace(",", "."));
  const isThousands = bare.indexOf(",") !== comma || /^\d{1,3},\d{3}$/.test(bare) && !bare.startsWith("0");
  return Number(isThousands ? bare.replaceAll(",", "") : bare.replace(",", "."));
}

/**
 * Reads a percentage, in which a comma is always the decimal sign.
 *
 * @param text matched by {@linkcode DECIMAL}
 */
export function percentOf(text: string): number {
  return Number(text.replace(/ /g, "").replace(",", "."));
}

/**
 * Reads a size.
 *
 * @param number matched by {@linkcode DECIMAL}
 * @param prefix `k`, `M`, `Mi` and so on; nothing for bytes
 * @param base the factor of a `k` without `i`: 1000, or 1024 for programs that use it so
 * @returns the size in bytes
 */
export function bytesOf(number: string, prefix: string | undefined, base: 1000 | 1024 = 1000): number {
  const power = prefix ? " kmgtpe".indexOf(prefix[0]!.toLowerCase()) : 0;
  return Math.round(decimalOf(number) * (prefix?.endsWith("i") ? 1024 : base) ** power);
}

/** Returns the seconds of a clock such as `1:02:03.5`, `02:03` or `3.5`. */
export function secondsOf(text: string): number {
  return text.split(":").reduce((seconds, part) => seconds * 60 + Number(part), 0);
}
