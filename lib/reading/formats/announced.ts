/**
 * Recognises totals that are announced in words, such as `Running 24 tests` or `Found 12 files to convert`, and counts the
 * lines about one item each that follow. Pure.
 *
 * @module
 */

import { counted, type Format, indeterminate, RANK, type Sighting } from "../reading.ts";
import { type Announcement, announcementIn } from "./announcements.ts";
import { isTest, type Item, itemIn } from "./items.ts";

/** After so many lines of one kind, their number is the whole; before, they may be anything but verdicts of tests. */
const LEAST_ITEMS = 3;
/** The same if they have the verb of the announcement. */
const LEAST_NAMED = 2;
/** Kinds of lines that are counted for one announcement. */
const MOST_KINDS = 8;
/** Names that are remembered of each kind. */
const MOST_NAMES = 10_000;

/** The items of one kind: those that were begun, ended, or had one verb. */
interface Kind {
  readonly names: Set<string>;
  /** The line of the newest item, which may be written in pieces. */
  newest: string;
}

interface Plan extends Announcement {
  readonly kinds: Map<string, Kind>;
}

/** Counts items of announced totals. An item counts once, however often it is named. */
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
    // More items than announced: the lines are about something else.
    if (done > total) plan = null;
    return sightingOf(item, done, total, plan);
  };
}

/** `Running 8 tests from b.ts`, after `Running 24 tests`, of which more than eight are left. */
function isWithin({ total, unit, isOfPart }: Announcement, plan: Plan): boolean {
  if (unit !== plan.unit || plan.isOfPart || !isOfPart) return false;
  return total <= plan.total - Math.max(0, ...[...plan.kinds.values()].map(({ names }) => names.size));
}

/** The number of items of this kind; `null` if the line is not about a new one, or another kind is ahead and not finished. */
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
  // Numbers that leap are of something else.
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
