/**
 * Patterns for the words beside a number, which distinguish progress from other numbers. Pure.
 *
 * @module
 */

import { COUNT, DECIMAL, SIZE_UNIT } from "../numbers.ts";

/**
 * A percentage. Spaces do not separate thousands here, because the number before a space is a different one: `0:23
 * 100%`.
 */
export const PERCENT = new RegExp(
  String
    .raw`(?<![\w,%+-]|(?<!\.)\.)(?:(\d{1,3}(?:[.,]\d{1,15})?) ?(?:%|percent\b|pct\b|prozent\b|procent\b|por ciento\b|pour cent\b|per cento\b)(?![\w%])|%(\d{1,3})(?![\w.,%]))`,
  "gi",
);
/** The text between the numbers of a pair; a quick check, because most lines contain none. */
export const PAIR_SIGN = /\/| \(?(?:out of|of|von|de|sur|di|van|av|af|из|z|ze) /i;
export const PAIR = new RegExp(
  String
    .raw`(?<![\w./\\,+-]|\d |\d[:=])(?<!\W[:=])(${COUNT}) {0,3}(?:/ {0,8}| (?:\(?out of|\(?of(?: the| all| a total of)?|von|de|sur|di|van de|van|av|af|из|z|ze) |(?: (?!err|warn|fail|retr|attempt|miss|skip)\p{L}{3,14}) (?:out )?of (?:the |all |a total of )?)(${COUNT})(?![\w/\\%]|[.,:-]\d|\.\w)`,
  "giu",
);
/** A pair of numbers in which a space does not separate thousands: `chunk 1 234/300`. */
export const PLAIN_PAIR =
  /(?<![\w./\\,+-]|\d[:=])(?<!\W[:=])(\d{1,15}) ?(?:\/| of | out of ) ?(\d{1,15})(?![\w/\\%]|[.,:-]\d|\.\w)/gi;
/** The unit of a size, which a slash may follow. */
const UNIT_BEFORE = SIZE_UNIT.replace("(?![\\w/])", "");
/** `3.1/12.4 MB`, `256.0 KiB / 1.2 MiB`, `1,5 Go / 12,25 Go`, `12 MB of 30 MB` */
export const SIZES = new RegExp(
  String
    .raw`(?<![\w,:/-]|\d\.)(${DECIMAL}) ?(?:${UNIT_BEFORE})? *(?:/|of|out of|von|de|sur|di) *~?(${DECIMAL}) ?${SIZE_UNIT}`,
);
/** `42.0% of 10.00MiB` */
export const SHARE = new RegExp(
  String.raw`(?<![\w.,])(${DECIMAL}) ?% (?:of|von|de) ~? *(${DECIMAL}) ?${SIZE_UNIT}`,
);

/** Words before or after a number for quantities that are not progress. */
const OTHER = String
  .raw`cpu|cpus|cores?|gpu|mem|memory|ram|vram|swap|heap|load|usage|util\w*|utili[sz]ation|used|use|in use|free|full|disk|capacity|quota|avail|available|` +
  String
    .raw`percentage|level|fifo|buf|buffer|buffering|wins?|deflated|stored|compressed|compression|ratio|saved|savings|overhead|coverage|covered|statements|branches|functions|lines|` +
  String
    .raw`battery|charge|volume|fan|temp\w*|humidity|brightness|signal|rate|hit rate|hits?|miss|misses|missing|rating|loss|packet loss|accuracy|acc|score|precision|recall|f1|auc|bleu|` +
  String
    .raw`confidence|probability|chance|similarity|match|identity|quality|percentile|p\d\d|at least|at most|up to|threshold|limit|min|max|` +
  String
    .raw`retry|retries|retrying|attempts?|try|failed|failures?|errors?|passed|` +
  String
    .raw`queue\w*|backlog|pending|in.?flight|lag|of us|of them|of you|of people|off|discount|faster|slower|smaller|larger|bigger|decrease|increase|reduction|reduced|optimi[sz]ed|original|origin|less|more|higher|lower|idle|re-?xmits?|retransmi\w*|resent|dropped|lost|of budget|budget|rejected|recovered`;
/**
 * Further words beside a count for quantities that are not progress. Behind a percentage, these words say what the
 * program does: `42% Running tests`.
 */
const OTHER_COUNT = String
  .raw`${OTHER}|healthy|ready|online|running|connections?|replicas?|nodes?|workers?|threads?|cores|peers?|seeds?|players?|votes?|voters?|leases?|tokens?|results?|showing|using|found|matching|matches`;
/** A quantity that is not progress, with a few words between it and the number: `chance of rain 10%`. */
export const OTHER_CLAUSE =
  /(?<![\w./-])(?:availability|uptime|chance|probability|likelihood|volume|zoom|battery|humidity|brightness|opacity|coverage|accuracy|confidence|similarity|cpu|memory|heap|disk|swap|fan|discount|vat|tax|precision|utili[sz]ation|usage|gap|rate|tolerance|interest|cache hits?)(?![\w./-])[^,;|:()\d]{0,24}$|\b(?:err|errors?|failed|failures|skipped|dropped|lost)\b[^)%]{0,16}$/i;
export const OTHER_BEFORE = new RegExp(
  String.raw`(?:\b|_)(?:${OTHER_COUNT})\b(?:[^\w%,;]{0,8}|: {0,24}|[=:] ?\d{1,15} ?\( {0,3})$`,
  "i",
);
/** A row of a table: `| 10% | 3/7`. */
export const TABLE = /[|│].*[|│]/;
/** A list of values: `cov: 12 ft: 30 corp: 5/20b lim: 4 L: 3/9`. */
export const MANY_VALUES = /(?:(?<![\w/])[\p{L}/]{1,12}: ?\d\S{0,12}\s{1,4}){4}/u;
/** Columns of a table that spaces align. */
export const COLUMNS = /\S {2,}\S.* {2,}\S.* {2,}\S/;
export const BAR = /[#=█▓▒░━■⣿-]{2}|[>*.]{3}/;
/** The text after two sizes whose ratio follows: `12 MB / 45 MB = 0.27`. */
export const RATIO_BEHIND = /^\/\d|^\s*=\s*\d|^\s+\//;
export const OTHER_BEHIND = otherBehind(OTHER_COUNT);
export const OTHER_BEHIND_PERCENT = otherBehind(OTHER);
/** Lines whose numbers are never progress. */
export const OTHER_LINE =
  /\b(?:heap|bitmap|battery|hit ratio|retry|retrying|attempts?|not ready|not yet|trying|polling|refused|unreachable|sleeping|coverage|percentile|packet loss|summary|now processing|stage execs|map density|stability|requests served|resident)\b|\bon \d{1,2}\/\d{1,2}\b|^\(\d+(?:\.\d+)?%, \d+ bytes|^\s*\d+(?:\.\d+)?%(?: in)?\s+[\d.]+(?:\s*(?:[mun]?s|secs?|min))?(?:\s*\(.*\))?$/i;
/** A line about waiting, in which a count is of attempts. */
export const WAITING =
  /^(?:\W{0,4}\d+\W\d+\W{1,4})?(?:retrying|reconnecting|trying|waiting)\b(?!.*\b(?:updated|available|complete)\b)/i;
/** Words of a result. A single such line may be a summary, so its count is believed only after it has risen. */
export const RESULT_WORD = /\b(?:failed|passed|healthy|showing)\b/i;
/** Words for progress and for work that is done, as a part of an expression. */
export const PROGRESS_WORD = String
  .raw`progress|progr[eé]s\w*|fortschritt|progreso|progresso|postęp|[iİ]lerleme|прогресс|进度|進捗|進度|进程|진행\S*|advancement|avancement|` +
  String
    .raw`complete|completed|done|finished|processed|downloaded|uploaded|copied|transferred|extracted|written|percent|overall|total progress|recovery|resync|reshape|rebuild`;
/** Words in -ing for a state or a quantity, not for what a program does. */
const NOT_ACTION = String
  .raw`warning|during|nothing|rating|missing|remaining|string|charging|discharging|something|everything|ping|timing`;
export const DOING_WORD = String
  .raw`(?!(?:${NOT_ACTION})(?!\p{L}))\w{2,20}ing|herunterladen|téléchargement|descargando|scaricamento|下载|下載|ダウンロード|다운로드|traité|kopiert|copie|copiando|загрузка`;
export const NAMED_BEFORE = new RegExp(
  String.raw`(?:^|[^\p{L}])(?:${PROGRESS_WORD}|${DOING_WORD})[^\p{L}\d%]{0,12}$`,
  "iu",
);
export const PROGRESS_BEFORE = new RegExp(
  String.raw`(?:^|[^\p{L}])(?:${PROGRESS_WORD})[^\p{L}\d%]{0,12}$`,
  "iu",
);
/** A line that begins with what the program is doing: `Copying a.txt: 42%`. */
export const DOING = /^\W{0,8}\p{Lu}\p{Ll}{2,20}ing\b[^\n]{0,120}$/u;
export const NOT_DOING = new RegExp(
  String.raw`^\W{0,8}(?:${NOT_ACTION}|setting|using|showing|running)\b|\b(?:to|by) $`,
  "i",
);
export const NAMED_BEHIND =
  /^[\s)\]]{0,3}(?:complete|completed|done|finished|processed|downloaded|uploaded|copied|transferred|extracted|written|succeeded|abgeschlossen|terminé|completado|completato)\b/i;
export const BAR_BEFORE =
  /▮[\s\])|]*\(?$|[#=█▓▒░━■▉▊▋▌▍▎▏⣿⠿●▮▰]{2}[>\s░▒.·⣀○▯▱-]*[\])|▕│]?\s*\(?$|\[[\s=#>.·*-]{4,}\]\s*\(?$/;
/** A bar with a number in it or behind it. */
export const BARS = /(?:▮|\[\|{1,80}|[#=█■*]{2})[^\w%▮|]{0,40}\d/g;
export const BAR_BEHIND = /^[\s)\]]{0,3}▮|^[\s)\]]{0,3}[|[▕│(][#=█▓░▒━■>.\s⣿-]{3,}|^\s+[█▓▒░━■]{2,}/;
export const AROUND_NOTHING = /^[\s[(<*>|:-]*$/;
/** Words for the whole, because the line may also have the percentage of a part. */
export const WHOLE_BEFORE =
  /\b(?:overall|total|batch|all|whole|gesamt\w*|totale?|insgesamt)(?: (?:progress|progression|fortschritt|completion|job))?(?:[\s:=(-]{1,8}|\s*▮\s*|\s{1,80})$/i;
export const LEFT_BEHIND = /^\s*(?:of (?:the )?\w{1,20} )?(?:remaining|remains|left|to go)\b/i;
/** `Remaining: 80%`, but not the time in `12s left 42%` */
export const LEFT_BEFORE = /(?:^|[^\p{L}\p{N}\s]\s?)(?:remaining|left|to go)(?: ?[:=]| is)? {0,4}$/iu;
export const IN_BRACKETS = /[[(]\s*$/;
export const BRACKET_BEHIND = /^\s*[\])]/;
export const AFTER_NOTHING = /^[\s\])>*|.…!:-]*(?:(?:ETA|eta|elapsed|left|remaining|in)\b.*)?$/;

/** Units of progress, as a part of an expression. */
export const NOUN = String
  .raw`files?|items?|pages?|chunks?|parts?|records?|rows?|tables?|images?|frames?|blocks?|jobs?|tasks?|tests?|specs?|objects?|packages?|modules?|crates?|targets?|documents?|` +
  String
    .raw`urls?|messages?|msgs?|mails?|pkgs?|docs?|events?|samples?|batches|steps?|stages?|units?|layers?|users?|entries|lines?|bytes|segments?|tiles?|videos?|songs?|tracks?|emails?|fichiers|dateien|archivos|elementi|файлов|件|个`;
/** A unit that ends the statement: `3/17 files`, `3/17 files done`, but not `3/17 files need work`. */
export const UNIT_ALONE = new RegExp(
  String
    .raw`^\s(?:${NOUN})(?:\s*(?:[^\p{L}\s]|$)|\s+(?:done|complete|completed|finished|processed|so far|in|at|after|(?!need|feed|speed)\p{L}{2,20}ed)(?![\p{L}]))`,
  "iu",
);
export const UNIT = new RegExp(String.raw`^\s(${NOUN})(?![\p{L}])`, "iu");
export const DONE_VERB =
  /\b(?:rendered|processed|migrated|imported|exported|indexed|converted|copied|uploaded|downloaded|completed|finished|fetched|parsed|scanned|encoded|synced|transferred|written|loaded|built|compiled|installed|checked|verified|updated|deleted|created|sent|done|progress|traité|verarbeitet)\b[^\w\d]{0,3}$/i;
export const DOING_VERB =
  /\b(?:rendering|processing|migrating|importing|exporting|indexing|converting|copying|uploading|downloading|fetching|parsing|scanning|encoding|syncing|transferring|writing|loading|building|compiling|installing|verifying|updating|deleting|creating|sending|extracting|generating|crawling|downloading (?:file|item|page|chunk|part))s?:?[.…\s([#]*$/i;
export const LOOP_NOUN =
  /\b(?:file|item|page|chunk|part|task|job|test|table|image|record|row|object|package|document|url|step|iter|iteration|batch|epoch|suite|spec)s?:?[.…\s([#]*$/i;
/** The step of an outer loop up to its number: `Epoch [1/3`. */
export const STEPS = /\b(?:epoch|pass|phase|stage|part|fold|round)s?:? ?[[(#]? ?\d+ ?(?:\/|of) ?\d+$/i;
/** The text after a percentage of the whole: ` (21s left)`, ` ETA 0:12`. */
export const TIME_LEFT_BEHIND =
  /^[\s([,]{0,4}(?:eta\b|[\d:.]{1,12} ?(?:s|secs?|m|min|minutes|h|hours)?(?: \d{1,4}[smh])? (?:left|remaining|to go)\b)/i;
/** `34% Running transforms`: a percentage in front of what the program does. */
export const DOING_BEHIND = /^ {1,3}\p{Lu}\p{Ll}{2,20}ing(?![\p{L}])/u;
/** `Status: at 57%.` */
export const STATUS_BEFORE = /\b(?:status|progress|currently)(?: is)?:? at $/i;
/** ` 1: tr01.iso [*** ]`: the bar of one of several numbered items. */
export const ORDINAL = /^\s*\d{1,3}: ?[\p{L}_.\/]/u;
/** A step in brackets in front: `[3/17] Building a.o`, `(3/17) Installing x`. */
export const STEP = /^[[(]\s*$/;
export const STEP_BEHIND = /^\s*[\])]:?\s+(?<what>\p{L}.*)$/u;
export const START_BEHIND = /^\s*(?:START|RUN|RUNNING|STARTED|BEGIN)\b/;
export const BEGINNING = /^(?:\p{Lu}\w{2,20}ing|starting)\b/iu;

/** `WARNING: 3 of 412 messages are not translated` */
const COMPLAINT = /^\W{0,4}(?:WARN|WARNING|ERROR|FATAL|CRITICAL)\b/i;
/** `2026-02-03 10:11:12,345 WARNING `, `[10:11:12] [WARN] `, `W0317 10:11:12.123456    1234 file.cc:12] ` */
const COMPLAINT_IN_PREFIX =
  /(?<![\p{L}_-])(?:WARN|WARNING|ERROR|FATAL|CRITICAL)(?![\p{L}_-])|^[WEF]\d{4} \d\d:\d\d/iu;
/** `PERCENT:1.155314` */
export const NAMED_NUMBER =
  /(?:^|[\s(\[|,])(?:percent|percentage|progress|pourcentage|prozent|porcentaje|percentuale|porcentagem|procent|процент|百分比)(?: (?:complete|completed|done))? ?[:=]\s*((?:[1-9]\d{0,2}(?:\.\d{1,9})?|0(?:\.0{1,9})?))(?![\w%\/.:,]|\s?(?:%|of\b|\/|[kKMGT]?i?B|(?:ms|s|secs?|seconds|min|h|out)\b))/i;
/** A fraction of one: `progress=0.331204`. */
export const FRACTION = /(?<![\w.])"?progress"? ?[=:] ?(0\.\d{3,12}|1\.0{3,12})(?![\d.%])/i;

function otherBehind(words: string): RegExp {
  return new RegExp(String.raw`^[^\w(,;|]{0,3}(?:of )?(?:the )?(?:total )?(?:${words})\b(?![:=])`, "i");
}

/** `50/1000 (5%)` */
export const AGREEING =
  /(?<![\w.\/\\,+:-])(\d{1,12}) ?(?:\/| of ) ?(\d{1,12})(?: [a-z]{2,20})?[\s(\[,:-]{1,4}(\d{1,3}(?:\.\d{1,4})?) ?%/g;

/** `1048576 47185920 2.22%`, `1048576, 47185920, 2.22%` */
export const DONE_WHOLE_SHARE =
  /^\s*(\d{1,15})[,;]?\s{1,20}(\d{1,15})[,;]?\s{1,20}\(?(\d{1,3}(?:[.,]\d{1,15})?) ?%\)?\s*$/;

/** `Time: 12.5 / 100.0 ns`, `t = 12.5 of 100.0` */
export const DURATIONS =
  /(?:\b(?:time|position|simulated)\b[^\d]{0,20}|\bt ?= ?)(\d{1,12}(?:\.\d{1,9})?)(?: ?[munpf]?s| sec| min| h)? ?(?:\/|of) ?(\d{1,12}(?:\.\d{1,9})?)(?![\d.:])/i;
const CLOCK = String.raw`(\d{1,3}(?::\d\d){1,2}(?:\.\d{1,3})?)`;
/** The position of a player: `00:30.784/01:01.439`, `00:48.17 [02:11.83] of 03:00.00`. */
export const POSITION = new RegExp(
  String.raw`(?<![\w:.])${CLOCK}(?: \[-?[\d:.]{4,12}\])? ?(?:/|of) ?${CLOCK}(?![\d:.])`,
);
/** The position of a player in seconds: `77.1 (01:17.0) of 180.0 (03:00.0)`. */
export const POSITION_SECONDS =
  /(?<![\w:.])(\d{1,6}\.\d{1,3}) \([\d:.]{4,12}\) of (\d{1,6}\.\d{1,3}) \([\d:.]{4,12}\)/;
/** The elapsed time, and the expected total time: ` 0.6/18.0 sec`. */
export const EXPECTED = /(?<![\w.:/])(\d{1,4}\.\d{1,2}) ?\/ {0,3}(\d{1,4}\.\d{1,2}) (?:sec|min|hrs|hours)\b/;
/** `1404 tries in 00:01h, 1596 to do`, `12 files done, 28 to go` */
export const DONE_AND_LEFT =
  /(?<![\w.,:])(\d{1,12}) (?:\p{L}{3,12} )?(?:done|tried|processed|completed|finished|in [\d:]{3,9}h?)[,;|]? {1,3}(\d{1,12}) (?:\p{L}{3,12} )?(?:to do|to go|left|remaining|queued|waiting)(?!\p{L})/u;
/** Values of structured logs. */
export const PERCENT_VALUE =
  /(?:^|[\s,{])(?:pct|percent|percentage|progress_pct|progress)=((?:[1-9]\d{0,2}|0(?=\.0{1,9}[\s,}]))\.\d{1,9}|[1-9]\d?|100)(?=[\s,}]|$)/;
export const DONE_VALUE =
  /(?:^|[\s,{([|])(?:done|current|processed|completed|finished|imported|synced|indexed|copied|written|block|step|batch)(?:=|: {0,3})(\d{1,15})(?=[\s,}\])|;]|$)/i;
export const TOTAL_VALUE =
  /(?:^|[\s,{([|])(?:total|of|total_\w{1,20}|max|target)(?:=|: {0,3})(\d{1,15})(?=[\s,}\])|;]|$)/i;
/** `1:02:03`, `12.3s`, `5m 3s` */
export const TIMES =
  /\d{1,4}(?::\d\d){1,2}(?:\.\d{1,3})?|\d{1,6}(?:\.\d{1,3})? ?(?:ms|s|secs?|seconds|m|min|minutes|h|hours|d|days)(?![\w])/g;
/** `ETA: 00:00:16`, unlike a time that was measured */
export const NAMED_CLOCK = /\b(?:eta|time|elapsed|left|remaining):? {1,4}\d{1,4}(?::\d\d){1,2}/gi;
/** A number that is not part of a name, unlike the one in `YN0013`. */
export const LOOSE_NUMBER = /(?<![\p{L}\p{N}_.-])\d|(?<=\p{N}[.-])\d/u;
/** An action on a disk or on memory: `Uploading disk... 42%`, unlike the fill level `disk 42%`. */
export const DOING_TO = new RegExp(
  String.raw`(?<!\p{L})(?!using|running|showing|buffering|${NOT_ACTION})\p{L}{3,20}ing(?!\p{L})[^%\d]{0,40}$`,
  "iu",
);
/** `########## [ 40%]` */
export const PERCENT_BEHIND_FULL_BAR = /([#=█*])\1{9,400} ?[([] *(\d{1,3}(?:\.\d{1,2})?)%[)\]]$/;
/** `▮ 14.58` */
export const NUMBER_BESIDE_BAR = /(?<=▮\s{0,4})(\d{1,3}(?:\.\d{1,4})?)\s*$/;
/** `21.74 ▮` */
export const NUMBER_BEFORE_BAR = /(?<![\w.,:/-])(\d{1,3}\.\d{1,4})(?=\s{1,4}▮\s*$)/;
/** A gap between columns. */
export const GAP_BEFORE = /\s{3}$/;
/** How a summary ends: `12 resources updated in 12 seconds`. */
export const SUMMARY = /\bin \d{1,9}(?:\.\d{1,9})? ?(?:ms|s|secs?|seconds|min|minutes|m|h|hours)\.?$/i;
/** `Progress: 12 / 50 (` */
export const PROGRESS_COUNT_BEFORE = /\bprogress:? {1,4}\d{1,12} ?(?:\/|of) ?\d{1,12} \($/i;
/** Words for the whole in front of a count: `part 3 of 12, progress 24 of 120`. */
export const PROGRESS_WORD_BEFORE = /\b(?:progress|overall)(?: is)?[:=]?\s?[[(]?\s?$/i;
/** `Executing 2/5 remaining tasks` */
export const DOING_BEFORE = /\p{L}{2,20}ing\s$/u;
/** `Total (1/4)  10.0 MiB  [####   ]` */
export const WHOLE_ROW = /^\W{0,4}(?:total|overall|all|gesamt|insgesamt)\b/i;
/** Words for a quantity that a bar beside them shows, other than progress. */
export const LEVEL_BEFORE =
  /(?<![\p{L}])(?:cpu\d{0,3}|gpu\d{0,3}|core \d{1,3}|mem|memory|ram|vram|swap|swp|heap|battery|fan|temp\w{0,12}|usage|used|util\w{0,12}|humidity|brightness|signal|quality|health|hp|mana|fuel|level|capacity|quota)\W{0,4}$/iu;
/** `cpu 12%`, `mem: 3 GB` */
export const LEVEL_IN = /(?<![\p{L}])(?:cpu|gpu|mem|memory|ram|rss|heap|load)[:= ]{1,3}\d/iu;
/** `| 12/40 | eta 00:28` */
export const COLUMN_OF_TIME = /^\s*\| (?:eta|remaining)\b/i;

/** Whether a line is a warning or an error, by its beginning or by the level in the prefixes that were stripped. */
export function isComplaint({ raw, text }: { readonly raw: string; readonly text: string }): boolean {
  return COMPLAINT.test(raw) || (raw.endsWith(text) && COMPLAINT_IN_PREFIX.test(raw.slice(0, -text.length)));
}
