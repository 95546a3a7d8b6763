/**
 * Announces to screen readers which tasks begin to need attention.
 *
 * @module
 */

import type { ReadonlySignal } from "@preact/signals";
import { countNoun } from "../../lib/text/format.ts";
import type { AttentionItem } from "../shared/view.ts";

/** If more tasks than this begin to need attention at once, only their number is announced. */
const MAX_SENTENCES = 3;

/**
 * Announces each task that begins to need attention, except for failures, which are announced as milestones.
 *
 * @param attention the tasks that need attention; tasks that need attention already are not announced
 * @param announce announces a text
 */
export function announceAttention(
  attention: ReadonlySignal<readonly AttentionItem[]>,
  announce: (text: string) => void,
): void {
  let known: ReadonlySet<string> | null = null;
  attention.subscribe((items) => {
    const before = known;
    known = new Set(items.map(keyOf));
    if (before === null) return;
    const fresh = items.filter((item) => item.concern !== "failed" && !before.has(keyOf(item)));
    if (fresh.length > MAX_SENTENCES) announce(`${countNoun(fresh.length, "more task")} need attention`);
    else if (fresh.length > 0) announce(fresh.map(sentence).join(". "));
  });
}

function keyOf({ task, concern }: AttentionItem): string {
  return `${concern} ${task.id}`;
}

function sentence({ task, concern }: AttentionItem): string {
  return `${task.name} is ${concern === "slow" ? "slower than usual" : concern}`;
}
