import { type Format, percentage } from "../reading.ts";

const PERCENT = /(?<![\w.,%+-])(\d{1,3}(?:[.,]\d+)?)\s?%(?![\w%])/g;
/** What percentages can be of that do not say how far something is. */
const OTHER_BEFORE =
  /\b(?:cpu|mem|memory|ram|swap|load|usage|used|use|free|full|disk|deflated|stored|compressed|ratio|coverage|covered|battery|rate|loss|accuracy|acc|saved|savings|volume|overhead|confidence|at least|at most)\b[^\w%]*$/i;
const OTHER_BEHIND =
  /^\s*(?:cpu|mem|memory|faster|slower|smaller|larger|bigger|less|more|off|loss|packet loss|coverage|covered|used|full|free|idle|compression)\b/i;
const AT_START = /^\s*[[(]?\s*$/;
const AT_END = /^[\s)\]|.…!]*(?:(?:done|complete|completed|finished|ETA|eta|elapsed|left|remaining)\b.*)?$/;
const WORD_BEFORE =
  /\b(?:progress|complete|completed|done|finished|processed|downloaded|uploaded|copied|transferred|extracted|written|encoding|converting|loading|percent)\b[^\w%]{0,8}$/i;
const WORD_BEHIND =
  /^\s*(?:done|complete|completed|finished|processed|downloaded|uploaded|copied|transferred|extracted|written)\b/i;
/** A bar on one of its sides. */
const BAR_BEFORE = /[#=█▓▒░━■▉▊▋▌▍▎▏|>]\s*$|[#=█▓░━■. >-]{3}[\])|]\s*$/;
const BAR_BEHIND = /^\s*[|[]?[#=█▓▒░━■]/;
/** What a percentage is of, where that is said in front of it. Numbers would change all the time. */
const STATUS = /^\W{0,16}?([A-Za-z][^\d%|[\]#=]{1,100}?)\s*[:.…]+[\s([]*$/;

/**
 * Reads a percentage if it looks like progress: the line is redrawn, begins or ends with it, has a bar beside it, or names
 * it progress. Ignores percentages in prose.
 */
export function percent(): Format {
  return (text, isRedraw) => {
    const all = [...text.matchAll(PERCENT)];
    const found = all.filter((match) => !isOther(match));
    const match = found.find((match) => isProgress(match, all.length === 1)) ??
      (isRedraw ? found[0] : undefined);
    if (match === undefined) return undefined;
    const status = STATUS.exec(text.slice(0, match.index))?.[1]?.trim();
    return percentage(Number(match[1]!.replace(",", ".")), { status });
  };
}

function isOther(match: RegExpExecArray): boolean {
  return OTHER_BEFORE.test(before(match)) || OTHER_BEHIND.test(behind(match));
}

/** At the end of a line there may be the last one of a row of numbers. */
function isProgress(match: RegExpExecArray, isAlone: boolean): boolean {
  const left = before(match);
  const right = behind(match);
  return AT_START.test(left) || (isAlone && AT_END.test(right)) || WORD_BEFORE.test(left) ||
    WORD_BEHIND.test(right) || BAR_BEFORE.test(left) || BAR_BEHIND.test(right);
}

function before(match: RegExpExecArray): string {
  return match.input.slice(0, match.index);
}

function behind(match: RegExpExecArray): string {
  return match.input.slice(match.index + match[0].length);
}
