/**
 * Recognises loops that state the number of steps in one line, such as `max_epochs: 40`, and then only the number of
 * each step: `Epoch 3: loss 0.2`. Pure.
 *
 * @module
 */

import { counted, type Format, RANK } from "../reading.ts";
import { beginningOf } from "./beginnings.ts";

const NOUN =
  "epoch|iteration|iter|step|batch|chunk|block|round|generation|trial|pass|cycle|frame|sample|page|file|image|part|segment|item|task|job|record|fold|run|replicate|replication|sweep|episode|tile|slice|sheet|scene|volume|level|layer|wave|phase|stage|scenario|partition|shard|game|permutation|experiment|repetition";
/** A quick check: most lines contain neither these words nor `3 times`. */
const LOOP = new RegExp(String.raw`(?:${NOUN}|time\(?s)`, "i");
const PLURAL = String.raw`(?:${NOUN})(?:s|e(?=s)|(?<=batch|pass)es)`;
/** `max_epochs: 40`, `Number of iterations = 40`, `Total pages: 40`, `steps=40` */
const NAMED_TOTAL = new RegExp(
  String
    .raw`(?<![\p{L}\p{N}_])(?:(?:max(?:imum)?|total|num|number|n|no\.)[_ -]{1,2}(?:number )?(?:of[_ -])?(?:\p{L}{2,12}[_ -])?(?<noun>${NOUN})(?:e?s)?|(?<plural>${PLURAL}))(?: to (?:run|do|perform))?"?(?: {0,8}[:=] {0,8}|\t{1,3})(?<total>\d{1,9})(?=[\s,;)}\]]|\.?$)`,
  "iu",
);
/** `Training for 40 epochs`, `40 iterations`, `Uploading in 40 chunks` */
const COUNTED_TOTAL = new RegExp(
  String
    .raw`^(?!.*\d ?%)(?:.{0,60}\b(?:for|in|into|over|of|run|running|repeat|repeating|do|doing|perform|performing|split|splitting|with|using|(?!skipp|ignor)\p{L}{3,20}ing) (?:a total of )?)?(?<![\p{L}\p{N}.,/:-])(?<total>\d{1,9}) (?:\p{L}{2,16} ){0,2}(?<plural>${PLURAL})(?!\p{L}| (?:done|completed?|finished|so far|already|skipped|failed))`,
  "iu",
);
/** `Running the benchmark 3 times`: the total is three runs. */
const REPEATED =
  /^[^\p{L}\p{N}]{0,12}(?:\p{L}{2,20}ing|repeat) (?:[^\s\d]{1,30} ){0,4}(?<total>\d{1,6}) time(?:s|\(s\))(?!\p{L})/iu;
/** `Epoch 3: loss 0.2`, `Uploading chunk 3`, `[step 3] loss 0.2`, `iter=3` */
const STEP = new RegExp(
  String
    .raw`^(?<before>[^\p{N}]{0,60}?(?<![\p{L}_]))(?<noun>${NOUN})(?<between>(?: ?[:=] ?| {1,8}|_| ?#| no\.? )\[?)(?<current>\d{1,9})(?![\p{L}\p{N}_%/]|[.,]\d| ?(?:of|out of|/|-) ?\d)(?<behind>.*)$`,
  "iu",
);
/** `Run #1...`, before its `done.` */
const OPEN = /^ ?(?:\.{2,3}|…)$/;
/** The maximum number of totals that are remembered. */
const MOST_TOTALS = 32;

/** Counts the steps of loops whose number of steps was stated before. */
export function numbered(): Format {
  const totals = new Map<string, number>();
  /** The loops whose first step has the number 0. */
  const fromZero = new Set<string>();
  /** The newest step of each loop, and whether its steps have been consecutive from the first one on. */
  const steps = new Map<string, { readonly current: number; readonly isNamed: boolean }>();
  return ({ text, isRedraw }) => {
    if (!LOOP.test(text)) return undefined;
    const step = STEP.exec(text)?.groups;
    const noun = singular(step?.noun);
    const total = totals.get(noun);
    if (step === undefined || total === undefined) {
      note(text, totals);
      return undefined;
    }
    const { before = "", between = "", behind = "" } = step;
    const number = Number(step.current);
    const last = steps.get(noun);
    if (last === undefined && number === 0) fromZero.add(noun);
    const current = fromZero.has(noun) ? number + 1 : number;
    const isNamed = last?.isNamed || (last?.current === 1 && current === 2);
    steps.set(noun, { current, isNamed });
    const left = `${before}${step.noun}${between}`;
    return counted("numbered", current, total, {
      rank: RANK.bare,
      isNamed,
      label: `${before}${noun}`,
      isBeginning: beginningOf({ left, right: behind, isRedraw }) !== null || OPEN.test(behind),
    }) ?? undefined;
  };
}

function note(text: string, totals: Map<string, number>): void {
  const found = NAMED_TOTAL.exec(text) ?? COUNTED_TOTAL.exec(text) ?? REPEATED.exec(text);
  const { noun, plural = "runs", total } = found?.groups ?? {};
  if (total === undefined || Number(total) < 2) return;
  const key = singular(noun ?? plural);
  if (totals.has(key) || totals.size < MOST_TOTALS) totals.set(key, Number(total));
}

function singular(noun = ""): string {
  return noun.toLowerCase().replace(/^iteration$|^iterations$/, "iter").replace(/(?<=batch|pass)es$|s$/, "");
}
