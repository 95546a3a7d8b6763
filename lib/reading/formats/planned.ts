/**
 * Reads programs that announce the total amount of work in one line, and then report each step in a separate line.
 * Pure.
 *
 * @module
 */

import { bytesOf } from "../numbers.ts";
import { counted, type Format, RANK } from "../reading.ts";

/** The patterns of a program's announcement and of its steps. */
interface Plan {
  readonly format: string;
  readonly unit: string;
  readonly status: string;
  /**
   * The announcement. Named groups: `first` and `last`, or `size` and `sizeUnit`; without them, the sum of all
   * numbers in the match is the total.
   */
  readonly plan: RegExp;
  /** A step. Named groups: `current`, or `done` and `doneUnit`; without them, the steps are counted, each `id` once. */
  readonly step: RegExp;
  /** Whether the line of a step announces its beginning; by default, it announces its end. */
  readonly isBeginning?: boolean;
  /** The end of the last step. */
  readonly end?: RegExp;
  /** Other lines about steps, which leave the number of finished steps as it is. */
  readonly other?: RegExp;
}

const PLANS: readonly Plan[] = [
  // Terraform and OpenTofu. The name may be missing, because `web[0]:` is stripped like the prefix of a logger.
  {
    format: "terraform",
    unit: "resources",
    status: "Applying",
    plan: /^Plan: (?:\d+ to \w+(?:, |\.?$))+/,
    step: /^(?:\S+: )?(?:Creation|Modifications|Destruction|Import) complete\b/,
    end: /^Apply complete!/,
    other:
      /^(?:\S+: )?(?:Still )?(?:creating|destroying|modifying|reading|refreshing state|importing)\b.*(?:\.\.\.|\])$/i,
  },
  {
    format: "poetry",
    unit: "packages",
    status: "Installing",
    plan: /^Package operations: (?:\d+ \w+(?:, \d+ skipped|, |$))+/,
    step:
      /^[-•] (?:Installing|Updating|Upgrading|Downgrading|Removing) (?<id>\S+) \([^)]*\)(?:$|: (?!Extracting archive))/,
    isBeginning: true,
  },
  {
    format: "ghostscript",
    unit: "pages",
    status: "Rendering",
    plan: /^Processing pages (?<first>\d+) through (?<last>\d+)\.$/,
    step: /^Page (?<current>\d+)$/,
    isBeginning: true,
  },
  {
    format: "gromacs",
    unit: "steps",
    status: "Simulating",
    plan: /^(?<last>\d+) steps, +[\d.]+ ps\b/,
    step: /^step (?<current>\d+)(?:,|: )/,
  },
  {
    format: "mrbayes",
    unit: "generations",
    status: "Sampling",
    plan: /^Chain results \((?<last>\d+) generations requested\):$/,
    step: /^(?<current>\d+) -- [[(*]/,
  },
  {
    format: "wfuzz",
    unit: "requests",
    status: "Requesting",
    plan: /^Total requests: (?<last>\d+)$/,
    step: /^\d{9}: +(?:C=)?\d{3} /,
  },
  {
    format: "scikit-learn",
    unit: "fits",
    status: "Fitting",
    plan: /^Fitting \d+ folds for each of \d+ candidates, totalling (?<last>\d+) fits$/,
    step: /^\[CV(?: \d+\/\d+)?(?:; \d+\/\d+)?\] END\b/,
    other: /^\[CV(?: \d+\/\d+)?(?:; \d+\/\d+)?\] START\b/,
  },
  // mocha --reporter json-stream
  {
    format: "mocha",
    unit: "tests",
    status: "Testing",
    plan: /^\["start",\{"total":(?<last>\d+)\}\]$/,
    step: /^\["(?:pass|fail|pending)",\{/,
  },
  // Playwright numbers its tests as they begin, and runs several at the same time.
  {
    format: "playwright",
    unit: "tests",
    status: "Testing",
    plan: /^Running (?<last>\d+) tests? using \d+ workers?(?:, shard \d+ of \d+)?$/,
    step: /^(?:[✓✘x-]|ok) +(?<id>\d+) (?:\[[^\]]{1,60}\] › )?[^›]{1,200}:\d+:\d+ › (?!.* \(retry #\d+\))/,
    other: /^\d+ (?:\[[^\]]{1,60}\] › )?[^›]{1,200}:\d+:\d+ › /,
  },
  {
    format: "zfs",
    unit: "B",
    status: "Sending",
    plan: /^total estimated size is (?<size>[\d.]+)(?<sizeUnit>[KMGTPE]?)$/,
    step: /^(?:\d\d:\d\d:\d\d)? *(?<done>[\d.]+)(?<doneUnit>[KMGTPE]?)B? +\S+@\S+$/,
  },
];

/** The maximum number of names of steps that are remembered. */
const MOST_IDS = 10_000;

/** The state of a plan. */
interface PlanState {
  readonly total: number;
  readonly first: number;
  /** The names of the finished steps, if they have names, because rows may be drawn more than once. */
  readonly ids: Set<string>;
  done: number;
}

/** Creates the format that reads all of {@linkcode PLANS}. */
export function planned(): Format {
  const totals = new Map<Plan, PlanState>();
  return ({ text }) => {
    for (const plan of PLANS) {
      const announced = plan.plan.exec(text);
      if (announced !== null) {
        totals.set(plan, { ...totalOf(announced), ids: new Set(), done: 0 });
        return null;
      }
      const state = totals.get(plan);
      if (state === undefined) continue;
      const step = plan.step.exec(text);
      if (step !== null) return sighting(plan, state, currentOf(step, state));
      if (plan.end?.test(text)) return sighting(plan, state, state.total);
      if (plan.other?.test(text)) return sighting(plan, state, state.done);
    }
    return undefined;
  };
}

function sighting(
  { format, unit, status, isBeginning = false }: Plan,
  { total }: { total: number },
  current: number,
) {
  return counted(format, current, total, { rank: RANK.stated, unit, status, isBeginning }) ?? null;
}

function totalOf(
  { groups = {}, 0: text }: RegExpExecArray,
): { readonly total: number; readonly first: number } {
  const { first = "1", last, size, sizeUnit } = groups;
  if (size !== undefined) return { total: bytesOf(size, sizeUnit, 1024), first: 1 };
  if (last !== undefined) return { total: Number(last) - Number(first) + 1, first: Number(first) };
  const numbers = Array.from(text.matchAll(/\d+(?= (?!skipped))/g), ([number]) => Number(number));
  return { total: numbers.reduce((sum, number) => sum + number, 0), first: 1 };
}

function currentOf({ groups = {} }: RegExpExecArray, state: PlanState): number {
  const { current, done, doneUnit, id } = groups;
  if (done !== undefined) return bytesOf(done, doneUnit, 1024);
  if (current !== undefined) return Number(current) - state.first + 1;
  if (id !== undefined && state.ids.has(id)) return state.done;
  if (id !== undefined && state.ids.size < MOST_IDS) state.ids.add(id);
  return ++state.done;
}
