/**
 * Recognises totals that are announced in words, such as `Running 24 tests` or `Found 12 files to convert`, and counts
 * the lines after the announcement that are about one item each. Pure.
 *
 * @module
 */

import { counted, type Format, indeterminate, RANK, type Sighting } from "../reading.ts";
import { type Announcement, announcementIn } from "./announcements.ts";
import { isTest, type Item, itemIn } from "./items.ts";

/** Lines of one kind count as items only once there are this many of them, unless they are verdicts of tests. */
const LEAST_ITEMS = 3;
/** The same minimum for lines with the verb of the announcement. */
const LEAST_NAMED = 2;
/** The maximum number of kinds of lines that are counted for one announcement. */
const MOST_KINDS = 8;
/** The maximum number of names that are remembered for each kind of line. */
const MOST_NAMES = 10_000;

/** The items of one kind, such as all lines with the same verb, or all verdicts. */
interface Kind {
  readonly names: Set<string>;
  /** The line of the newest item, which may be written in pieces. */
  newest: string;
}

interface Plan extends Announcement {
  readonly kinds: Map<string, Kind>;
}

/** Counts items of announced totals. An item counts once, no matter how often it is named. */
export function announced(): Format {
  let plan: Plan | null = null;
  return ({ text }) => {
    const announcement = announcementIn(text);
    if (announcement !== undefined) {
      if (plan === null || !isWithin(announcement, plan)) plan = { ...announcement, kinds: new Map() };
      return undefined;
    }
    const item = plan === null ? undefined : itemIn(text, plan);
    if (plan === null || item === undefined) return undefined;
    const done = count(item, text, plan);
    if (done === null) return undefined;
    const { total } = plan;
    // If there are more items than announced, the lines are about something else.
    if (done > total) plan = null;
    return sightingOf(item, done, total, plan);
  };
}

/**
 * Whether an announcement is of a part of the announced items: `Running 8 tests from b.ts`, after `Running 24 tests`,
 * of which at least eight are left.
 */
function isWithin({ total, unit, isOfPart }: Announcement, plan: Plan): boolean {
  if (unit !== plan.unit || plan.isOfPart || !isOfPart) return false;
  return total <= plan.total - Math.max(0, ...[...plan.kinds.values()].map(({ names }) => names.size));
}

/**
 * The number of items of this kind; `null` if the line is not about a new item, or if an unfinished kind has more
 * items.
 */
function count({ kind, name, number }: Item, text: string, { kinds, total }: Plan): number | null {
  let known = kinds.get(kind);
  if (known === undefined) {
    if (kinds.size >= MOST_KINDS) return null;
    kinds.set(kind, known = { names: new Set(), newest: "" });
  }
  const { names, newest } = known;
  // `Converting a.png...`, and then `Converting a.png... done`
  const isSame = newest !== "" && text.startsWith(newest);
  if (isSame || names.has(name) || names.size >= MOST_NAMES) return null;
  // If the numbers in front of lines are not consecutive, they do not number the items.
  if (number !== undefined && number !== names.size + 1) return null;
  names.add(name);
  known.newest = text;
  const isBehind = [...kinds.values()].some((other) =>
    other !== known && other.names.size >= names.size && other.names.size < total
  );
  return isBehind ? null : names.size;
}

function sightingOf(
  { kind, isNamed, isBeginning, name }: Item,
  done: number,
  total: number,
  plan: Plan | null,
): Sighting | null {
  const least = isNamed ? LEAST_NAMED : LEAST_ITEMS;
  const isSure = plan !== null && plan.isToDo && (done >= least || isTest(plan));
  const options = {
    rank: isSure ? RANK.stated : RANK.bare,
    isNamed: isSure,
    label: kind,
    unit: plan?.unit ?? null,
    status: name,
    isBeginning,
  };
  if (plan === null) return indeterminate("announced", options);
  return counted("announced", done, total, options) ?? null;
}
