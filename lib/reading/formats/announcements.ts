/**
 * Finds totals that are announced in words. Pure.
 *
 * @module
 */

/** An announced total, and the description of the items that will be counted. */
export interface Announcement {
  readonly total: number;
  /** The word for the items, as the program wrote it: `tests`. */
  readonly unit: string;
  /** The stem of the verb for what will be done with each item; `null` if the announcement has no such verb. */
  readonly verb: string | null;
  /** Whether the program will work on all items. Items that were only found may be left alone. */
  readonly isToDo: boolean;
  /** Whether the items are those of a named part: `Running 8 tests from b.ts`. */
  readonly isOfPart: boolean;
}

/** A noun for things that programs work on one by one, with up to three words in front: `new Debian packages`. */
const UNIT = String
  .raw`(?:[\p{L}\p{N}._-]{1,20} ){0,3}?(?<unit>(?:test |use )?(?:files?|tests?|specs?|cases?|examples?|scenarios?|suites?|checks?|images?|photos?|pictures?|icons?|pages?|documents?|packages?|modules?|dependencies|crates?|gems?|plugins?|extensions?|videos?|songs?|tracks?|tables?|records?|scripts?|jobs?|tasks?|targets?|items?|repositories|repos?|projects?|urls?|links?|hosts?|migrations?|chapters?|posts?|routes?|objects?|layers?|fonts?|components?|samples?|sequences?|queries|messages?|e?mails?|directories|folders?|archives?|paths|derivations?|formulae|updates?|upgrades?|resources?|commits?|patches|databases?|collections?|models?|notebooks?|cells?|benchmarks?|experiments?|containers?|services?|assets?|locales?|translations?|datasets?))(?:\(s\))?(?![\p{L}\p{N}_/(-])`;
const TOTAL = String.raw`(?<![\p{L}\p{N}.,/:-])(?<total>\d{1,7}) `;
/** Verbs for what a program does, but not to each item. */
const OTHER_DOING =
  "using|showing|having|skipping|ignoring|remaining|waiting|keeping|listing|warning|missing|including|during|pending|containing|excluding|considering|following|existing|being|reusing|omitting|hiding";

/** `Running 24 tests`, `Converting 12 PNG images to WebP`, `Generating thumbnails for 12 images` */
const DOING = new RegExp(
  String
    .raw`^[^\p{L}\p{N}]{0,20}(?!(?:${OTHER_DOING})\b)(?<verb>\p{L}{2,20}ing):? (?:(?:[\p{L}-]{1,20} ){0,4}(?:on|for|of|in|from|across|against|over|to) )?(?:a total of |all |the )?${TOTAL}${UNIT}`,
  "iu",
);
/** `12 files to convert`, `these 24 derivations will be built:`, `30 packages need to be installed` */
const TO_DO = new RegExp(
  String
    .raw`${TOTAL}${UNIT} (?:(?:that |which )?(?:need|needs|have|has|are|is) )?(?:to be |to |will be )(?<verb>\p{L}{3,20})`,
  "iu",
);
/** `2 upgraded, 12 newly installed, 0 to remove and 3 not upgraded.` */
const CHANGES = /^(?<first>\d{1,5}) upgraded, (?<second>\d{1,5}) newly installed, \d/;
/** `Will install 12 packages` */
const WILL = new RegExp(
  String.raw`\b(?:will|about to|going to) (?!be\b)(?<verb>\p{L}{3,20}) ${TOTAL}${UNIT}`,
  "iu",
);
/** `Found 12 files`, `collected 24 items`, `Total: 12 files` */
const FOUND = new RegExp(
  String
    .raw`^[^\p{L}\p{N}]{0,12}(?:found|collected|discovered|loaded|queued|selected|got|total(?: of)?:?) ${TOTAL}${UNIT}`,
  "iu",
);
/** `Number of files: 12`, `Total images found: 12` */
const NUMBER = new RegExp(
  String
    .raw`^[^\p{L}\p{N}]{0,12}(?:total |number of |total number of )${UNIT}(?: found| selected)? ?[:=] ?(?<total>\d{1,7})\.?$`,
  "iu",
);
/**
 * Words that every match of {@linkcode TO_DO} or {@linkcode WILL} contains; a quick check, because most lines contain
 * none.
 */
const FUTURE = /(?:^| )(?:to|will) /i;
/** Lines with totals of work that is already done, or with counts of work in progress. */
const OVER =
  /\d ?%|\d ?\/ ?\d|\d of \d|\bin \d[\d.]* ?(?:ms|s|m|min|seconds|minutes)\b|(?<!\p{L})(?:so far|already|done|failed|passed|finished|up to date|unchanged|left alone|errors?|warnings?)(?!\p{L})/iu;
const OF_PART = /^[^\p{L}]{0,4}(?:from|in|of|for)\s+\S/u;
/** Verbs that do not say what is done with the items. */
const NEUTRAL = /^(?:run|execut|process|handl|start|perform|queu|do$|be$|work|complet)/i;

/** Finds the announcement of a total of at least two in a line; `undefined` if there is none. */
export function announcementIn(text: string): Announcement | undefined {
  const { first, second } = CHANGES.exec(text)?.groups ?? {};
  if (first !== undefined) {
    const total = Number(first) + Number(second);
    return total < 2 ? undefined : { total, unit: "packages", verb: null, isToDo: true, isOfPart: false };
  }
  const sure = DOING.exec(text) ?? (FUTURE.test(text) ? TO_DO.exec(text) ?? WILL.exec(text) : null);
  const found = sure ?? FOUND.exec(text) ?? NUMBER.exec(text);
  if (found === null || OVER.test(text)) return undefined;
  const { total = "", unit = "", verb } = found.groups!;
  if (Number(total) < 2) return undefined;
  return {
    total: Number(total),
    unit,
    verb: verb === undefined || NEUTRAL.test(verb) ? null : stemOfVerb(verb),
    isToDo: sure !== null,
    isOfPart: OF_PART.test(text.slice(found.index + found[0].length)),
  };
}

/** Returns the beginning that the forms of a verb have in common: `copy`, `copying`, `copied`. */
export function stemOfVerb(verb: string): string {
  return verb.toLowerCase().replace(/(?:ing|ed|es|s|e)$/, "").replace(/[iy]$/, "").slice(0, 4);
}
