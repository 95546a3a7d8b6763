/**
 * Percentages, counts and sizes in lines of unknown programs. Pure.
 *
 * @module
 */

import { bytesOf, COUNT, countOf, DECIMAL, percentOf, SIZE_UNIT } from "../numbers.ts";
import { counted, type Format, type Line, percentage, RANK, type Sighting } from "../reading.ts";

const PERCENT = new RegExp(
  String
    .raw`(?<![\w,%+-]|(?<!\.)\.)(?:(${DECIMAL}) ?(?:%|percent\b|pct\b|prozent\b|procent\b|por ciento\b|pour cent\b|per cento\b)(?![\w%])|%(\d{1,3})(?![\w.,%]))`,
  "gi",
);
const PAIR = new RegExp(
  String
    .raw`(?<![\w./\\,+-]|\d |\d[:=])(?<!\W[:=])(${COUNT}) {0,3}(?:/ {0,8}| of | out of | von | de | sur | di )(${COUNT})(?![\w/\\%]|[.,:-]\d|\.\w)`,
  "gi",
);
/** The same, where a space separates no thousands: `chunk 1 234/300`. */
const PLAIN_PAIR =
  /(?<![\w./\\,+-]|\d[:=])(?<!\W[:=])(\d{1,15}) ?(?:\/| of | out of ) ?(\d{1,15})(?![\w/\\%]|[.,:-]\d|\.\w)/gi;
/** A unit that a slash may follow. */
const UNIT_BEFORE = SIZE_UNIT.replace("(?![\\w/])", "");
/** `3.1/12.4 MB`, `256.0 KiB / 1.2 MiB`, `1,5 Go / 12,25 Go`, `12 MB of 30 MB` */
const SIZES = new RegExp(
  String
    .raw`(?<![\w,:/-]|\d\.)(${DECIMAL}) ?(?:${UNIT_BEFORE})? *(?:/|of|out of|von|de|sur|di) *~?(${DECIMAL}) ?${SIZE_UNIT}`,
);
/** Pairs and rates in a line of progress; more are columns of a table. */
const MAX_PAIRS = 2;
/** How far a rounded size may be off, in percentage points. */
const MAX_ROUNDING = 6;
/** `42.0% of 10.00MiB` */
const SHARE = new RegExp(String.raw`(?<![\w.,])(${DECIMAL}) ?% (?:of|von|de) ~? *(${DECIMAL}) ?${SIZE_UNIT}`);

/** What a number is of that says nothing about progress, in front of it or behind it. */
const OTHER = String
  .raw`cpu|cpus|cores?|gpu|mem|memory|ram|swap|heap|load|usage|util\w*|utili[sz]ation|used|use|in use|free|full|disk|capacity|quota|available|` +
  String
    .raw`percentage|level|fifo|buf|buffer|wins?|deflated|stored|compressed|compression|ratio|saved|savings|overhead|coverage|covered|statements|branches|functions|lines|` +
  String
    .raw`battery|charge|volume|fan|temp\w*|humidity|brightness|signal|rate|hit rate|loss|packet loss|accuracy|acc|score|precision|recall|f1|auc|bleu|` +
  String
    .raw`confidence|probability|chance|similarity|match|identity|quality|percentile|p\d\d|at least|at most|up to|threshold|limit|min|max|` +
  String
    .raw`retry|retries|retrying|attempts?|try|failed|failures?|errors?|passed|healthy|ready|online|running|connections?|replicas?|nodes?|workers?|threads?|` +
  String
    .raw`of us|of them|of you|of people|off|discount|faster|slower|smaller|larger|bigger|less|more|higher|lower|idle|of budget|budget|results?|showing|using|found|matching|matches|rejected|recovered`;
const OTHER_BEFORE = new RegExp(String.raw`\b(?:${OTHER})\b(?:[^\w%]{0,8}|: {0,24})$`, "i");
/** A row of a table: `| 10% | 3/7`. */
const TABLE = /[|│].*[|│]/;
/** Columns of a table that spaces align. */
const COLUMNS = /\S {2,}\S.* {2,}\S.* {2,}\S/;
const MANY_COLUMNS = 5;
const BAR = /[#=█▓▒░━■⣿-]{2}|[>*.]{3}/;
/** `12 MB / 45 MB = 0.27` is a ratio. */
const RATIO_BEHIND = /^\s*=\s*\d|^\s+\//;
const OTHER_BEHIND = new RegExp(
  String.raw`^[^\w(,;|]{0,3}(?:of )?(?:the )?(?:total )?(?:${OTHER})\b(?![:=])`,
  "i",
);
/** Statements about something else anywhere in the line. */
const OTHER_LINE =
  /\b(?:heap|bitmap|battery|hit ratio|failed|passed|retry|retrying|attempt|coverage|healthy|showing|percentile|latency|packet loss|requests served)\b|^\s*\d+(?:\.\d+)?%(?: in)?\s+[\d.]+(?:\s*(?:[mun]?s|secs?|min))?(?:\s*\(.*\))?$/i;
const PROGRESS_WORD = String
  .raw`progress|progr[eé]s\w*|fortschritt|progreso|progresso|postęp|[iİ]lerleme|прогресс|进度|進捗|進度|进程|진행\S*|advancement|avancement|` +
  String
    .raw`complete|completed|done|finished|processed|downloaded|uploaded|copied|transferred|extracted|written|percent|overall|total progress|recovery|resync|reshape|rebuild`;
const DOING_WORD = String
  .raw`\w{2,20}ing|herunterladen|téléchargement|descargando|scaricamento|下载|下載|ダウンロード|다운로드|traité|kopiert|copie|copiando|загрузка`;
const NAMED_BEFORE = new RegExp(
  String.raw`(?:^|[^\p{L}])(?:${PROGRESS_WORD}|${DOING_WORD})[^\p{L}\d%]{0,12}$`,
  "iu",
);
const PROGRESS_BEFORE = new RegExp(String.raw`(?:^|[^\p{L}])(?:${PROGRESS_WORD})[^\p{L}\d%]{0,12}$`, "iu");
/** A line that begins with what the program is doing: `Copying a.txt: 42%`. */
const DOING = /^\W{0,8}\p{Lu}\p{Ll}{2,20}ing\b[^\n]{0,120}$/u;
const NOT_DOING =
  /^\W{0,8}(?:Warning|During|Nothing|Rating|Missing|Remaining|String|Setting|Charging|Discharging|Using|Showing|Running|Something|Everything|Ping|Timing)\b/;
const NAMED_BEHIND =
  /^[\s)\]]{0,3}(?:complete|completed|done|finished|processed|downloaded|uploaded|copied|transferred|extracted|written|abgeschlossen|terminé|completado|completato)\b/i;
const BAR_BEFORE = /[#=█▓▒░━■▉▊▋▌▍▎▏⣿⠿●▮▰]{2}[>\s░▒.·⣀○▯▱-]*[\])|▕│]?\s*\(?$|\[[\s=#>.·*-]{4,}\]\s*\(?$/;
const BAR_BEHIND = /^[\s)\]]{0,3}[|[▕│(][#=█▓░▒━■>.\s⣿-]{3,}|^\s+[█▓▒░━■]{2,}/;
const AROUND_NOTHING = /^[\s[(<*>|:-]*$/;
/** A part beside it may have a percentage of its own. */
const WHOLE_BEFORE = /\b(?:overall|total|batch|all)[\s:=(]{1,8}$/i;
const LEFT_BEHIND = /^\s*(?:of (?:the )?\w{1,20} )?(?:remaining|remains|left|to go)\b/i;
const IN_BRACKETS = /[[(]\s*$/;
const BRACKET_BEHIND = /^\s*[\])]/;
const AFTER_NOTHING = /^[\s\])>*|.…!:-]*(?:(?:ETA|eta|elapsed|left|remaining|in)\b.*)?$/;

/** What a count is of, and the verbs that say that it counts what is done. */
const NOUN = String
  .raw`files?|items?|pages?|chunks?|parts?|records?|rows?|tables?|images?|frames?|blocks?|jobs?|tasks?|tests?|specs?|objects?|packages?|modules?|crates?|targets?|documents?|` +
  String
    .raw`urls?|messages?|events?|samples?|batches|steps?|stages?|units?|layers?|users?|entries|lines?|bytes|segments?|tiles?|videos?|songs?|tracks?|emails?|fichiers|dateien|archivos|elementi|файлов|件|个`;
const UNIT = new RegExp(String.raw`^\s(${NOUN})(?![\p{L}])`, "iu");
const DONE_VERB =
  /\b(?:rendered|processed|migrated|imported|exported|indexed|converted|copied|uploaded|downloaded|completed|finished|fetched|parsed|scanned|encoded|synced|transferred|written|loaded|built|compiled|installed|checked|verified|updated|deleted|created|sent|done|progress|traité|verarbeitet)\b[^\w\d]{0,3}$/i;
const DOING_VERB =
  /\b(?:rendering|processing|migrating|importing|exporting|indexing|converting|copying|uploading|downloading|fetching|parsing|scanning|encoding|syncing|transferring|writing|loading|building|compiling|installing|verifying|updating|deleting|creating|sending|extracting|generating|crawling|downloading (?:file|item|page|chunk|part)|(?:file|item|page|chunk|part|task|job|test|table|image|record|row|object|package|document|url|step|iter|iteration|batch|epoch|suite|spec))s?:?[.…\s([#]*$/i;
/** `Epoch [1/3`, up to the number. */
const STEPS = /\b(?:epoch|pass|phase|stage|part|fold|round)s?:? ?[[(#]? ?\d+ ?(?:\/|of) ?\d+$/i;
/** A step in brackets in front: `[3/17] Building a.o`, `(3/17) Installing x`. */
const STEP = /^[[(]\s*$/;
const STEP_BEHIND = /^\s*[\])]:?\s+(?<what>\p{L}.*)$/u;
const START_BEHIND = /^\s*(?:START|RUN|RUNNING|STARTED|BEGIN)\b/;
const BEGINNING = /^(?:\p{Lu}\w{2,20}ing|starting)\b/iu;

/** `WARNING: 3 of 412 messages are not translated` */
const COMPLAINT = /^\W{0,4}(?:WARN|WARNING|ERROR|FATAL|CRITICAL)\b/i;
/** `PERCENT:1.155314` */
const NAMED_NUMBER = /^(?:percent|percentage|progress) ?[:=] ?(\d{1,3}(?:\.\d{1,9})?)$/i;
/** `progress=0.331204`: a share of one. */
const FRACTION = /\bprogress=(0\.\d{3,12}|1\.0{3,12})(?![\d.%])/;

/** Numbers that look like progress, from strong to weak evidence. */
export function numbersInText(): Format {
  return (line) =>
    COMPLAINT.test(line.raw)
      ? undefined
      : share(line) ?? sizesWithPercent(line) ?? percent(line) ?? pair(line, PAIR) ??
        pair(line, PLAIN_PAIR) ??
        bare(line);
}

function share({ text }: Line): Sighting | undefined {
  const match = SHARE.exec(text);
  if (match === null || isOther(match)) return undefined;
  const total = bytesOf(match[2]!, match[3] ?? match[4]);
  const progress = percentOf(match[1]!);
  if (!(progress <= 100)) return undefined;
  const found = counted("sizes", Math.round(total * progress / 100), total, {
    unit: "B",
    label: labelOf(match),
  });
  return found === undefined ? undefined : { ...found, progress };
}

function sizes(line: Line): Sighting | undefined {
  const { text } = line;
  const match = SIZES.exec(text);
  if (match === null || isOther(match) || text.split("/").length > MAX_PAIRS + 1 || hasManyColumns(line)) {
    return undefined;
  }
  const [whole, current = "", prefix, letter, total = "", totalPrefix, totalLetter] = match;
  const hasUnit = prefix !== undefined || letter !== undefined || /^[\d.,'’ ]+(?:B|b|o|bytes)/i.test(whole);
  const scale = totalPrefix ?? totalLetter;
  const status = statusOf(match);
  return counted("sizes", bytesOf(current, hasUnit ? prefix ?? letter : scale), bytesOf(total, scale), {
    unit: "B",
    label: labelOf(match),
    status,
  });
}

/** Sizes are rounded; a percentage beside them that says about the same is more exact. */
function sizesWithPercent(line: Line): Sighting | undefined {
  const found = sizes(line);
  const beside = found === undefined ? undefined : percent(line)?.progress;
  const rounded = found?.progress ?? null;
  if (found === undefined || rounded === null || typeof beside !== "number") return found;
  if (Math.abs(rounded - beside) > MAX_ROUNDING) return found;
  return { ...found, progress: beside };
}

function percent(line: Line): Sighting | undefined {
  if (hasManyColumns(line)) return undefined;
  const matches = [...line.text.matchAll(PERCENT)].filter((match) => !isOther(match));
  const match = bestPercent(matches, line.isRedraw);
  if (match === undefined) return undefined;
  const hasBar = BAR_BEFORE.test(before(match)) || BAR_BEHIND.test(behind(match));
  const value = percentOf(match[1] ?? match[2]!);
  // `80% of test remaining`
  const isLeft = LEFT_BEHIND.test(behind(match));
  // `[ 42%] Building a.o`: what stands behind changes with each line.
  const isInFront = isFrontBracket(match);
  const isScale = match === lastOfScale(matches);
  return percentage("percent", isLeft ? 100 - value : value, {
    rank: hasBar ? RANK.drawn : RANK.bare,
    isNamed: isLeft || isScale || line.isRedraw || isNamedPercent(match) || WHOLE_BEFORE.test(before(match)),
    label: isScale ? "scale" : isInFront ? "[#]" : labelOf(match),
    status: isInFront ? behind(match).replace(/^[\s\])]+/, "") : statusOf(match),
  });
}

/** The percentage of the whole, among several in a line; `undefined` if nothing tells them apart. */
function bestPercent(matches: readonly RegExpExecArray[], isRedraw: boolean): RegExpExecArray | undefined {
  const whole = matches.find((match) => WHOLE_BEFORE.test(before(match))) ?? lastOfScale(matches);
  if (whole !== undefined || matches.length < 2) return whole ?? matches[0];
  const named = matches.filter((match) => isNamedPercent(match));
  if (named.length === 1) return named[0];
  return isRedraw ? named[0] ?? matches[0] : undefined;
}

function isFrontBracket(match: RegExpExecArray): boolean {
  return AROUND_NOTHING.test(before(match)) && IN_BRACKETS.test(before(match)) &&
    BRACKET_BEHIND.test(behind(match));
}

/** Only a scale, as far as it is drawn. */
const SCALE = /^\D{0,80}?\.*\d{1,3}%(?:\.+\d{1,3}%)+\.*$/;

/** The last of `0% ... 10% ... 20%`, which a program draws from left to right. */
function lastOfScale(matches: readonly RegExpExecArray[]): RegExpExecArray | undefined {
  if (matches.length < 2 || (matches.length === 2 && !SCALE.test(matches[0]!.input))) return undefined;
  const values = matches.map((match) => percentOf(match[1] ?? match[2]!));
  const isScale = values.every((value, index) => index === 0 || value > values[index - 1]!);
  const [first = 0, second = 0] = values;
  return isScale && (first === 0 || first === second - first) ? matches.at(-1) : undefined;
}

function hasManyColumns({ text, isRedraw }: Line): boolean {
  return !isRedraw && text.trim().split(/ {2,}/).length >= MANY_COLUMNS;
}

function isNamedPercent(match: RegExpExecArray): boolean {
  const left = before(match);
  const right = behind(match);
  if (BAR_BEFORE.test(left) || BAR_BEHIND.test(right) || NAMED_BEHIND.test(right)) return true;
  if (PROGRESS_BEFORE.test(left)) return true;
  if (isFrontBracket(match)) return true;
  const isLast = AFTER_NOTHING.test(right);
  return isLast &&
    (AROUND_NOTHING.test(left) || NAMED_BEFORE.test(left) || (DOING.test(left) && !NOT_DOING.test(left)));
}

function pair({ text, isRedraw }: Line, pattern: RegExp): Sighting | undefined {
  const matches = [...text.matchAll(pattern)];
  for (const match of matches) {
    const [, current = "", total = ""] = match;
    // `Epoch [1/3], Step [100/469]`: the last pair is the part that advances.
    if (match !== matches.at(-1) && STEPS.test(match.input.slice(0, match.index + match[0].length))) continue;
    // 03/2024 is a month; 003/120 is not. One of one says nothing.
    if (/^0\d/.test(current) && current.length !== total.length) continue;
    const [left, right] = [before(match), behind(match)];
    const step = STEP.test(left) ? STEP_BEHIND.exec(right)?.groups?.what : undefined;
    if (countOf(total) < 2 || isMonth(current, total)) continue;
    const isLoop = DONE_VERB.test(left) || DOING_VERB.test(left);
    if (step === undefined && !isLoop && (isOther(match) || COLUMNS.test(text))) continue;
    if (OTHER_LINE.test(text) && step === undefined) continue;
    const hasBar = BAR_BEFORE.test(left) || BAR_BEHIND.test(right);
    const isNamed = hasBar || (step !== undefined && BEGINNING.test(step)) || DONE_VERB.test(left) ||
      DOING_VERB.test(left) || NAMED_BEHIND.test(right) ||
      (UNIT.test(right) && AROUND_NOTHING.test(left)) ||
      (AFTER_NOTHING.test(right) && (isRedraw || AROUND_NOTHING.test(left)));
    const found = counted("count", countOf(current), countOf(total), {
      rank: hasBar || (isRedraw && isNamed) ? RANK.drawn : RANK.bare,
      isNamed,
      isBeginning: START_BEHIND.test(right) || (step !== undefined && BEGINNING.test(step)),
      label: step === undefined ? labelOf(match) : "step",
      status: step ?? statusOf(match),
      unit: UNIT.exec(right)?.[1] ?? null,
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `12/2026` */
function isMonth(current: string, total: string): boolean {
  return /^(?:19|20)\d\d$/.test(total) && Number(current) >= 1 && Number(current) <= 12;
}

/** A line that is a number and nothing else, as of `pv -n`; and `PERCENT: 1.155` and `progress=0.42`. */
function bare({ text }: Line): Sighting | undefined {
  const fraction = FRACTION.exec(text)?.[1];
  if (fraction !== undefined) {
    return percentage("fraction", Number(fraction) * 100, { rank: RANK.bare, isNamed: false });
  }
  const named = NAMED_NUMBER.exec(text)?.[1];
  if (named !== undefined) return percentage("number", Number(named), { rank: RANK.bare, isNamed: false });
  if (!/^\d{1,3}(?:\.\d{1,4})?$/.test(text.trim())) return undefined;
  return percentage("number", Number(text), { rank: RANK.bare, isNamed: false, label: "" });
}

function isOther(match: RegExpExecArray): boolean {
  if (BAR_BEFORE.test(before(match))) return false;
  if (TABLE.test(match.input) && !BAR.test(match.input)) return true;
  return OTHER_BEFORE.test(before(match)) || OTHER_BEHIND.test(behind(match)) ||
    RATIO_BEHIND.test(behind(match)) || OTHER_LINE.test(match.input);
}

function before(match: RegExpExecArray): string {
  return match.input.slice(0, match.index);
}

function behind(match: RegExpExecArray): string {
  return match.input.slice(match.index + match[0].length);
}

/** The line without the number, and without what else changes: bars, rates, times. */
function labelOf(match: RegExpExecArray): string {
  const words = `${before(match)}#${behind(match)}`;
  return words.replace(/[#=█▓▒░━■▉▊▋▌▍▎▏>⣿⣀.·*-]{2,}/g, " ").replace(/[[\]()|<>]/g, " ")
    .replace(/\d[\d.,:]*\s?(?:[kKMGTP]?i?[Bb](?:ytes)?(?:\/s|ps)?|it\/s|s\/it|[smhd]\b)/g, "#");
}

/** What is done, if the line says so in front: `Copying a.txt: 42%`. */
function statusOf(match: RegExpExecArray): string | undefined {
  const left = before(match);
  const words = /^\W{0,16}?(\p{L}[^\d%|[\]#=█━]{1,100}?)\s*([:.…]*)[\s([]*$/u.exec(left);
  if (words === null || (words[2] === "" && !/^\W*\p{L}{2,20}ing\b/u.test(left))) return undefined;
  return words[1]!.trim();
}
