/**
 * Distinguishes lines that announce step k of n from lines that say that k of n are done. Pure.
 *
 * @module
 */

import { BEGINNING, START_BEHIND, STEP, STEP_BEHIND, UNIT } from "./words.ts";

/** The text around a count. */
interface Surroundings {
  readonly left: string;
  readonly right: string;
  readonly isRedraw: boolean;
}

/** Verbs in a form that says that something is in progress, in several languages. */
const DOING =
  /^[^\p{L}]{0,12}(?:\p{L}{2,20} ){0,2}(?!running|remaining|warning|during|showing|using|waiting|meeting|rating|evening|morning)\p{L}{2,20}(?:ing|ando|iendo|endo)(?![\p{L}])|(?<![\p{L}])(?:wird|werden|werde|installier\p{L}*|lade|kopiere|téléchargement|installation|copie|скачивание|загрузка|установка|копирование|pobieranie|instalowanie|indiriliyor|yükleniyor|kuruluyor|正在|ダウンロード中|インストール中|处理中|下载中)/iu;
/** `pending [3/6] - Process C` */
const START_BEFORE = /(?<!\p{L})(?:pending|starting|started|start|begin)\s{1,8}[[(]?$/iu;
/** `3/6: lib64foo #########`: a bar without a percentage shows the progress of the named item, not of the whole. */
const BAR_OF_NAME = /^: \S[^▮]{0,200} ▮\s*$/;
/** `Copy message UID 12 (3/36)` */
const COMMAND = /^\W{0,12}(?:copy|move|send|fetch|upload|download) \p{L}{2,20}\b/iu;
/** Text that shows that a step is over: a participle in front, a verdict, a rate, or a duration. */
const DONE_BEFORE =
  /(?<![\p{L}])(?!(?:speed|feed|seed|need|embed|shed|bed|red)\b)(?:\p{L}{2,20}ed|done|built|sent|written|success|fertig|listo|ok)\b/iu;
const DONE_BEHIND =
  /^[\])]?[\s:,]*(?:\p{L}{2,20}ed|done|ok|complete|built|sent|written)\b|\bbeen\b|\b(?:done|finished|completed?|ok|passed|failed|succeeded|skipped|cached|pass|fail)\b[\])]?\s*$|[✓✔√✗✘]|\d ?[kKMGT]?i?B\/s|\d ?(?:ms|s|secs?|min)\b[\])]*\s*$|\d%|score|loss|acc/iu;
/** `file 3/12`, `batch 3 of 12` */
const NOUN_BEFORE = new RegExp(
  String
    .raw`(?<![\p{L}])(?:file|item|page|chunk|part|task|job|test|table|image|record|row|object|package|document|url|segment|tile|video|song|track|position|chapter|frame|step|epoch|iteration|archive|database|collection|repository|project|migration|question|query|sheet|slide|clip|episode|module|volume|disk|section|scene|layer|shard|partition|block|dataset|host|server|device|datei|fichier|archivo|paket|fase|teil|étape|schritt|paso|passo|passaggio|etap|krok|stap|steg|trin|vaihe|шаг|этап|adım|aşama|步骤|第|단계|ステップ|stage|phase|part|round|fold|wave|pass)\.?:?\s*[#nN°]?[[(]?$`,
  "iu",
);
/** `step 2/6` is the step in progress, even in a row that is redrawn. */
const STEP_BEFORE =
  /(?<![\p{L}])(?:step|stage|phase|part|pass|étape|schritt|paso|passo|etap|krok|stap|steg|шаг|этап|adım|步骤|단계|ステップ):?\s*[#[(]?$/iu;
/** A name behind the count: `: a.txt`, `] a.txt`, ` a.txt`. */
const NAME_BEHIND =
  /^[\])]?(?:\s*[:–-]\s+|\s+)["'‘“`»<]?(?![\d(]|\[\d|(?:ETA|eta|in|at|elapsed|remaining|left|and|of|so)\b)[\p{L}\p{N}_./~@]/u;
/** `Position: 1/48 (…)`, where the brackets hold no size or time. */
const REMARK_BEHIND = /^ ?\((?!\d+(?:\.\d+)? ?(?:%|[kKMG]?i?B|m?s|\)))/;
/** The text between the verb and the count: a name, but not a noun in the plural. */
const NAME_BETWEEN =
  /(?:ing|ando|iendo|endo|ieren|wird|werden|正在)(?:[:…\s]|\.{2,3})+["'‘“`»<]?(?!\p{L}{1,30}s\b(?![-._/@]\p{N})|dependencies|data|the\b)[\p{L}\p{N}/~@]/iu;
/** A word that can only be a name, because it contains a dot, a slash, a digit or a dash. */
const FILE_NAME = /["'‘“`][\p{L}\p{N}]|(?<![\p{L}\p{N}])[\p{L}\p{N}_~@]{1,60}[./_@-][\p{L}\p{N}]/u;

/**
 * Decides whether a line announces the beginning of the step whose number it has, so that only the steps before it are
 * done.
 *
 * @param surroundings the text before and after the count
 * @returns `named` if it also says what is being done, `bare` if it is only a name; `null` if it announces nothing
 */
export function beginningOf({ left, right, isRedraw }: Surroundings): "named" | "bare" | null {
  if (START_BEHIND.test(right) || START_BEFORE.test(left) || BAR_OF_NAME.test(right)) return "named";
  const step = STEP.test(left) ? STEP_BEHIND.exec(right)?.groups?.what : undefined;
  if (step !== undefined && BEGINNING.test(step)) return "named";
  if (DONE_BEFORE.test(left) || DONE_BEHIND.test(right) || UNIT.test(right)) return null;
  const isDoing = DOING.test(left) || COMMAND.test(left) ||
    DOING.test(right.replace(/^[\s\]):]+/, "").slice(0, 30));
  const hasNoun = NOUN_BEFORE.test(left);
  if (STEP_BEFORE.test(left)) return "named";
  if (isRedraw) return isDoing && (FILE_NAME.test(right) || FILE_NAME.test(left)) ? "named" : null;
  if (isDoing && (hasNoun || NAME_BEHIND.test(right) || NAME_BETWEEN.test(left))) return "named";
  if (hasNoun && (NAME_BEHIND.test(right) || REMARK_BEHIND.test(right))) return "bare";
  // `Page 3 of 12` and nothing else
  if (hasNoun && /^[\])]?[\s.…:]*$/.test(right)) return "bare";
  return STEP.test(left) && NAME_BEHIND.test(right) ? "bare" : null;
}
