/**
 * Keeps track of which groups of a log are collapsed.
 *
 * @module
 */

import { type Signal, signal } from "@preact/signals";
import { foldsOf, type LogFolds, type LogGroup, NO_FOLDS } from "../shared/log_groups.ts";

/** The groups of a log of one kind, and which of them are collapsed. */
export class LogFoldState {
  readonly folds: Signal<LogFolds> = signal(NO_FOLDS);

  /** Collapses or expands the group that begins with a line, given by its number. */
  toggle(from: number): void {
    const collapsed = new Set(this.folds.peek().collapsed);
    if (!collapsed.delete(from)) collapsed.add(from);
    this.show(collapsed);
  }

  /** Collapses or expands all groups. */
  setAll(isCollapsed: boolean): void {
    this.show(new Set(isCollapsed ? this.folds.peek().groups.keys() : []));
  }

  /** Expands some groups. */
  expand(groups: readonly LogGroup[]): void {
    const { collapsed } = this.folds.peek();
    if (!groups.some(({ from }) => collapsed.has(from))) return;
    const left = new Set(collapsed);
    for (const { from } of groups) left.delete(from);
    this.show(left);
  }

  /** Replaces the set of collapsed groups and, if `groups` is given, the groups themselves. */
  show(collapsed: ReadonlySet<number>, groups = this.folds.peek().groups): void {
    this.folds.value = foldsOf(groups, collapsed);
  }

  /** Forgets all groups. */
  clear(): void {
    this.folds.value = NO_FOLDS;
  }
}
