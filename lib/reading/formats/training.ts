/**
 * Recognises progress bars of libraries, and the loops of simulations and machine learning. Pure.
 *
 * @module
 */

import { isValueName, LIMITS } from "../../task/grammar.ts";
import { counted, type Format, percentage, RANK, type Sighting } from "../reading.ts";
import { patterns } from "./pattern.ts";

const COUNT = String.raw`(\d[\d,]*(?:\.\d+)?)([kKMGTP]?)`;
const CLOCK = String.raw`(?:\d+:)?\d+:\d\d`;
/** `Hashing:  42%|████▏     | 42/100 [00:04<00:05, 10.00it/s]` */
const KNOWN = new RegExp(
  String.raw`^(.{0,200}?)\s*(\d{1,3})%\|.*\|\s*${COUNT}/${COUNT}\s\[${CLOCK}<[^,]*,([^\]]*)\]`,
);
/** `Hashing: 42it [00:04, 10.00it/s]` */
const UNKNOWN = new RegExp(String.raw`^(?:(.{0,200}?):?\s)?${COUNT}([^\s\d[\]]*)\s\[${CLOCK},([^\]]*)\]`);
const RATE = /^\s*(?:[\d.]+|\?)(?:([kKMGTP]?)(\D[^,]*?)\/s|s\/([^,]+?))\s*(?:,|$)/;
const SCALES = " kmgtp";
/** The number of significant digits that are kept of an amount, because binary fractions are not exact. */
const FRACTION_DIGITS = 12;
/** `loss=0.12`, `lr=1e-05` */
const POSTFIX = /^([^=]{1,64})=(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;

/** Reads the bars of tqdm, with and without a total. */
export function tqdm(): Format {
  return ({ text }) => known(text) ?? unknown(text);
}

function known(text: string): Sighting | undefined {
  const match = KNOWN.exec(text);
  if (match === null) return undefined;
  const [, description = "", percent = "", current = "", scale = "", total = "", totalScale = "", rate = ""] =
    match;
  const status = description.trim().replace(/:$/, "");
  const unit = unitOf(rate, scale + totalScale !== "");
  const words = { status, label: status, unit, ...postfixOf(rate) };
  return counted("tqdm", amountOf(current, scale), amountOf(total, totalScale), words) ??
    percentage("tqdm", Number(percent), words);
}

function unknown(text: string): Sighting | undefined {
  const match = UNKNOWN.exec(text);
  if (match === null) return undefined;
  const [, description = "", current = "", scale = "", unit = "", rate = ""] = match;
  if (!RATE.test(rate)) return undefined;
  const status = description.trim().replace(/:$/, "");
  return counted("tqdm", amountOf(current, scale), null, {
    status,
    label: status,
    unit: named(unit),
    ...postfixOf(rate),
  });
}

/** Returns the numbers that tqdm's `set_postfix()` writes behind the rate: `10.00it/s, loss=0.12, acc=0.9`. */
function postfixOf(rate: string): Pick<Sighting, "values"> {
  const entries: [name: string, value: number][] = [];
  for (const part of rate.split(", ").slice(1)) {
    const [, name = "", number = ""] = POSTFIX.exec(part) ?? [];
    const value = Number(number);
    if (!isValueName(name) || !Number.isFinite(value) || entries.length === LIMITS.valueSeries) continue;
    entries.push([name, value]);
  }
  return entries.length === 0 ? {} : { values: Object.fromEntries(entries) };
}

/** Returns an amount. Scaled ones, such as `1.91M`, are whole numbers; others may be fractions: `0.30000000000000004/1.0`. */
function amountOf(number: string, scale: string): number {
  const amount = Number(number.replaceAll(",", ""));
  if (Number.isInteger(amount) && scale === "") return amount;
  if (scale === "") return Number(amount.toPrecision(FRACTION_DIGITS));
  return Math.round(amount * 1000 ** SCALES.indexOf(scale.toLowerCase()));
}

/** Returns the unit, which is only part of the rate, possibly with a prefix of the rate. */
function unitOf(rate: string, isScaled: boolean): string | null {
  const [, scale = "", perSecond, each] = RATE.exec(rate) ?? [];
  if (each !== undefined) return named(each);
  return named(isScaled ? perSecond ?? "" : scale + (perSecond ?? ""));
}

/** Returns the unit; `null` for "it", which tqdm writes if the program has not named a unit. */
function named(unit: string): string | null {
  return unit === "it" || unit === "" ? null : unit;
}

const WORDS =
  "epoch|iter|iteration|step|trial|batch|fold|round|generation|episode|frame|sample|sweep|chunk|replicate|run|simulation";

/** Patterns of loops that state their position. */
export const training = patterns([
  // PyTorch's examples: `Train Epoch: 3 [25600/60000 (43%)]`, `Epoch: [0][  20/5005]`
  {
    format: "epoch",
    pattern:
      /^(?:[\w.]{1,40} - [A-Z]{4,8} - )?(?<phase>\w{0,20} ?[Ee]poch)(?: ?\(\w{1,20}\))?:? *\[?\d+\]? ?\[ *(?<current>\d+)\/(?<total>\d+)(?: \( *\d{1,3}%\))?\]/,
  },
  // Stan: `Chain 2 Iteration: 400 / 2000 [ 20%]  (Sampling)`
  {
    format: "stan",
    pattern: /^(?:Chain (?<label>\d+):? )?Iteration: +(?<current>\d+) \/ (?<total>\d+) \[ *\d{1,3}%\]/,
    unit: "iterations",
  },
  // Keras: ` 42/100 [=====>....] - ETA: 5s - loss: 0.3`, `42/100 ━━━━━━━━ 1s 10ms/step`
  {
    format: "keras",
    pattern: /^(?<current>\d+)\/(?<total>\d+) (?:\[[=>.]+\]|[━─╸╺]{5,})(?: |$)/,
    unit: "steps",
  },
  // Spark: `[Stage 3:=====>     (12 + 4) / 200]`
  {
    format: "spark",
    pattern: /^\[Stage (?<label>\d+):[=> ]*\((?<current>\d+) \+ \d+\) \/ (?<total>\d+)\]/,
    unit: "tasks",
  },
  { format: "blender", pattern: /^Fra:\d+ .*\bSample (?<current>\d+)\/(?<total>\d+)/, unit: "samples" },
  // Ray Tune: terminated trials of all, once all exist.
  {
    format: "ray tune",
    pattern: /^Number of trials: (?<total>\d+)\/\k<total> \((?:.{1,80}, )?(?<current>\d+) TERMINATED/,
    unit: "trials",
  },
  {
    format: "ray tune",
    pattern: /^Number of trials: (?<total>\d+)\/\k<total> (?<current>)\((?!.*TERMINATED)/,
    unit: "trials",
  },
  // lame: `  1200/4595   (26%)|    0:01/    0:04|`
  { format: "lame", pattern: /^(?<current>\d+)\/(?<total>\d+) +\( *\d{1,3}%\)\|/, unit: "frames" },
  // The first line of a commit message, by convention: `feat(api): step 3 of 6`
  {
    format: "commit",
    pattern: /(?:^|[:›] )(?:feat|fix|chore|refactor|perf|revert)(?:\([\w ./-]{1,40}\))?!?: /,
    isSilent: true,
  },
  // pdftoppm -progress: page, last page, file.
  {
    format: "poppler",
    pattern: /^(?<current>\d+) (?<total>\d+) \S+\.(?:png|ppm|pgm|pbm|jpg|tif)$/,
    unit: "pages",
    rank: RANK.bare,
  },
  // GNU Parallel: `ETA: 5s Left: 25 AVG: 0.20s  local:2/5/100%/0.2s`, running and completed jobs.
  {
    format: "parallel",
    pattern: /^ETA: .{1,40} Left: (?<left>\d+) AVG: [\d.]+s +\S+?:\d+\/(?<current>\d+)\/\d+%/,
    unit: "jobs",
  },
  // `CHKDSK verifies files (Phase 1 von 3)...`
  {
    format: "loop",
    pattern:
      /\((?<phase>phase|pass|stage|step|part|teil|étape|fase|schritt|paso|passo) (?<current>\d+) ?(?:\/|of|von|de|sur|di) ?(?<total>\d+)\)[.…:]*$/i,
    isBeginning: true,
  },
  // A line that only announces a phase: `Loading pages (1/6)`
  {
    format: "loop",
    pattern:
      /^(?!.*\b(?:re-?try|retrying|reconnecting|attempt|trying|waiting)\b)(?<what>[\p{L}][\p{L} '-]{2,40}ing\b[\p{L} '-]{0,40}?) \((?<current>\d{1,2})\/(?<total>\d{1,2})\)[.…:]*\s*$/iu,
    isBeginning: true,
  },
  // The same, with the number first: `(1/4) Node import`
  {
    format: "loop",
    pattern:
      /^\((?<current>\d{1,2})\/(?<total>\d{1,2})\) (?<what>\p{L}[\p{L} '-]{2,60})(?:$| (?=\d{4}-\d\d-\d\d))/u,
    isBeginning: true,
  },
  // A line that announces a part: `pass 1/2 (random)...`, `Expectation iteration 1 of 25`. Text after a colon, a dash
  // or an arrow is the name of the part, as in `Step 2 of 4: Compiling`, unless it is a value, as in `: loss 0.3`.
  {
    format: "loop",
    pattern:
      /^(?:[\w.\/-]{1,60}: ){0,3}(?<phase>pass|phase|stage|part|loop|step|epoch|round|cycle|(?:\w{2,20} )?iteration) [[(#]?(?<current>\d+) ?(?:\/|of|von|de|sur|di) ?(?<total>\d+)[\])]?(?!.*\d ?%)(?: \([^)]*\))?(?:[.…:]*|(?: ?:| [-–—|]| [-=]>) (?<what>(?!.{0,200}(?:=|(?<![.\d])\d{1,20}\.\d{1,20}(?![.\d])|: ?-?\d))\p{L}.{0,199})|: .{1,200})$/iu,
    isBeginning: true,
  },
  // `iteration: 3 of max_iter: 12`, `epoch 3, max_epochs=12`, `Iteration 3 (max. 12): loss 0.3`
  {
    format: "loop",
    pattern: new RegExp(
      String
        .raw`^(?<phase>${WORDS})[:= ]{1,3}(?<current>\d+)(?:,| of| /| \()? ?max(?:imum)?\.?[_ -]?(?:${WORDS})?s?[:= ]{1,3}(?<total>\d+)(?![\w.%/])`,
      "i",
    ),
  },
  // The name and the position of a loop: `iter 300/5000, loss=0.3`, `Iteration 300/5000: loss 0.3`, `Trial 3/17
  // finished`
  {
    format: "loop",
    pattern: new RegExp(
      String
        .raw`^(?:(?!\w{2,20}ing )\w{1,20} )?(?<phase>${WORDS})s?(?:ation)?:? ?[[(#]?\s*(?<current>\d+) ?(?:/|of) ?(?<total>\d+)[\])]?(?![\w.%/-])(?!.*\d ?(?:/|of) ?\d)(?!.*\d ?%)(?!.{0,40}\b(?:failed|retry|retrying)\b)`,
      "i",
    ),
  },
  {
    format: "hashcat",
    pattern: /^Progress\.{3,}: (?<current>\d+)\/(?<total>\d+) \([\d.]+%\)/,
    status: "Cracking",
  },
  {
    format: "hashcat",
    pattern:
      /^(?:Session|Status|Recovered|Rejected|Restore\.Point|Hardware\.Mon|Candidates|Speed|Guess|Time)[\w.#]*\.{2,}: /,
    isSilent: true,
  },
]);
