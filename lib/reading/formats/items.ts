/**
 * Recognises lines that say what became of one item among many, or which one is next. Pure.
 *
 * @module
 */

import { type Announcement, stemOfVerb } from "./announcements.ts";

/** An item that a line is about. */
export interface Item {
  /** Identifies lines of the same kind: their verb, or the form of their verdict. */
  readonly kind: string;
  readonly name: string;
  /** The number of the item, if the line begins with it. */
  readonly number?: number;
  /** Whether the line has the verb of the announcement. */
  readonly isNamed: boolean;
  /** Whether the line says that the item begins. */
  readonly isBeginning: boolean;
}

const VERDICT = "ok|pass|passed|fail|failed|skip|skipped|ignored|error|done|success|succeeded";
/** `✓ adds (12 ms)` */
const SIGN_BEFORE = /^[✓✔√☑✅✗✘✖×❌]️? {1,4}(?<name>\S.*)$/u;
/** `[       OK ] Stock.Adds (0 ms)`, `[PASS] adds` */
const BRACKET_BEFORE = new RegExp(String.raw`^\[ *(?:${VERDICT}|✓|✔|✗) *\]:? +(?<name>\S.*)$`, "iu");
/** `PASS adds`, `ok 12 adds`, `ok: adds` */
const WORD_BEFORE = /^(?:(?:not )?ok|PASS|PASSED|FAIL|FAILED|SKIP|SKIPPED|SUCCESS)(?::| -)? +(?<name>\S.*)$/;
/** `Download complete: a.txt` */
const DONE_BEFORE = /^(?:\p{L}{2,20} )?(?:complete|completed|finished|done|saved): +(?<name>\S.*)$/iu;
/** `test adds ... ok`, `adds [PASS]`, `adds: done (12 ms)` */
const VERDICT_BEHIND = new RegExp(
  String
    .raw`^(?<name>\S.{0,300}?)(?: ?\.{2,200}|…| ?[:–—-]| ?[=-]>|  | \[| \(|(?= [✓✔√✗✘✖]))\s*(?:${VERDICT}|✓|✔|√|✗|✘|✖)[\])]?(?:[ ,]*[([]?(?:in )?[\d.:]+ ?(?:ms|s|m|min|seconds)?[)\]]?)?\.?$`,
  "iu",
);
/** `test_a.py::test_adds PASSED` */
const CAPITALS_BEHIND = /^(?<name>\S{1,300}) (?:OK|PASS|PASSED|FAIL|FAILED|SKIP|SKIPPED|ERROR|XFAIL|XPASS)$/;
/** `Converting a.png`, `Installed zlib (1.3)`, `building '/nix/store/a.drv'...` */
const VERB_BEFORE =
  /^[^\p{L}\p{N}]{0,8}(?<verb>\p{L}{2,20}(?:ing|ed)|built|wrote|\p{L}{2,20}(?=:))(?::| path| file| package| image)? +(?<name>["'‘“`]?[\p{L}\p{N}_./~@].*)$/iu;
/** `3. a.png`, `[3] a.png` */
const NUMBER_BEFORE = /^[[(#]?(?<number>\d{1,7})(?:[.):\]]| -) ?(?<name>\S.*)$/;
/** `a.png -> a.webp`, `images/b.png` */
const PATH_BEFORE =
  /^(?:[-+*>•] )?["'‘“`]?(?<name>(?:[\w.@~+-]*\/)*[\w@~+ -]{0,80}[\w-]\.\p{L}\w{0,5})["'’”`]?(?=$| (?:[=-]>|→|\(|\d)|[: ]{2,})/u;
/**
 * The beginnings of the verbs of announcements after which a line with only a file name is an item. Linters, for
 * example, list only the files with complaints.
 */
const MAKING =
  /^(?:conv|comp|cop|uplo|down|extr|opti|mini|rend|gene|tran|enco|resi|pack|arch|unpa|impo|expo)/;
const WORD = /\p{L}+/u;
const TEST = /^(?:test|spec|case|example|scenario|check|suite|benchmark)/i;
const FILE = /^(?:file|image|photo|picture|icon|video|song|track|document|archive|notebook|script)/i;
/** Lines that have a count or a percentage of their own, and lines with a warning or an error. */
const OTHER = /\d ?%|\d ?\/ ?\d|\b\d{1,9} of \d|^\W{0,4}(?:warn|warning|error|fatal|debug)\b/i;
/** `[  PASSED  ] 22 tests.` */
const SUMMARY = /^\d[\d.,]* \p{L}/u;
/**
 * A remark at the end of a line, such as its duration: ` (12 ms)`. The match begins only at the first of several
 * spaces, which keeps the search linear.
 */
const REMARK = /(?<! ) *(?:[([][^()[\]]{0,80}[)\]]|\.{2,3}|…|in [\d.]+ ?m?s)\.?$/;
/** The duration of an item, which shows that the item is over. */
const TOOK = /\d ?(?:ms|s|secs?|min)[)\]]?\.?$/;

/**
 * Recognises a line about an item.
 *
 * @param text the line
 * @param announcement the announcement of the items
 * @returns the item; `undefined` if the line is not about one of the announced items
 */
export function itemIn(text: string, { unit, verb, isToDo }: Announcement): Item | undefined {
  if (OTHER.test(text)) return undefined;
  const verdict = verdictIn(text);
  if (verdict !== undefined) {
    return itemOf(
      verdict.kind,
      verdict.name,
      verb !== null && stemOfVerb(WORD.exec(text)?.[0] ?? "") === verb,
      false,
    );
  }
  // If items were only found, lines about them may have any verb, unless the items are files.
  const isFile = FILE.test(unit);
  if (isTest({ unit }) || (!isToDo && !isFile)) return undefined;
  const { number, name: numbered = "" } = NUMBER_BEFORE.exec(text)?.groups ?? {};
  if (number !== undefined) {
    return { kind: "number", name: numbered, number: Number(number), isNamed: false, isBeginning: false };
  }
  const { verb: doing = "", name } = VERB_BEFORE.exec(text)?.groups ?? {};
  if (name !== undefined) {
    const isOther = verb === null ? !/(?:ing|ed)$/i.test(doing) : verb !== stemOfVerb(doing);
    if (isOther || (isFile && !/[./]\w/.test(name))) return undefined;
    return itemOf(doing.toLowerCase(), name, verb !== null, /ing$/i.test(doing) && !TOOK.test(text));
  }
  if (!isToDo || !isFile || !MAKING.test(verb ?? "")) return undefined;
  const path = PATH_BEFORE.exec(text)?.groups?.name;
  return path === undefined ? undefined : itemOf("path", path, false, false);
}

/** Whether tests were announced. Only verdicts count as lines about tests. */
export function isTest({ unit }: Pick<Announcement, "unit">): boolean {
  return TEST.test(unit);
}

function verdictIn(text: string): { readonly kind: string; readonly name: string } | undefined {
  for (const [kind, pattern] of VERDICTS) {
    const name = pattern.exec(text)?.groups?.name;
    if (name !== undefined) return { kind, name };
  }
  return undefined;
}

const VERDICTS = [
  ["sign", SIGN_BEFORE],
  ["bracket", BRACKET_BEFORE],
  ["word", WORD_BEFORE],
  ["done", DONE_BEFORE],
  ["behind", VERDICT_BEHIND],
  ["behind", CAPITALS_BEHIND],
] as const;

function itemOf(kind: string, name: string, isNamed: boolean, isBeginning: boolean): Item | undefined {
  const bare = name.replace(REMARK, "");
  return SUMMARY.test(name) || bare === "" ? undefined : { kind, name: bare, isNamed, isBeginning };
}
