/**
 * All parts of a log that can be collapsed: the groups that the log itself marks, and the steps of the task.
 *
 * @module
 */

import { computed } from "@preact/signals";
import { type Lines, type LogFolds, mergedLines } from "../shared/log_groups.ts";
import type { TaskLog } from "../shared/model.ts";
import type { TimelineRow } from "../shared/steps.ts";
import type { FoldKind, LogFolding as View, Readable } from "../shared/view.ts";
import { LogGroups } from "./log_groups.ts";
import type { LogRequests } from "./log_requests.ts";
import { LogSteps } from "./log_steps.ts";

/**
 * The groups and the steps of a log. Groups and steps may overlap in any way; a line is hidden if a group or a step
 * that contains it is collapsed.
 */
export class LogFolding implements View {
  readonly groups: Readable<LogFolds>;
  readonly steps: Readable<LogFolds>;
  readonly hidden: Readable<readonly Lines[]>;
  readonly #groups: LogGroups;
  readonly #steps: LogSteps;

  /** @param requests fetch the marks and the first lines of steps that the page does not have */
  constructor({ marks, firstSince }: Pick<LogRequests, "marks" | "firstSince">) {
    this.#groups = new LogGroups(marks);
    this.#steps = new LogSteps(firstSince);
    this.groups = this.#groups.folds;
    this.steps = this.#steps.folds;
    this.hidden = computed(() => mergedLines(this.groups.value.hidden, this.steps.value.hidden));
  }

  /** Reads the timeline of the task and the newest lines of its log. */
  grew(rows: readonly TimelineRow[], log: TaskLog): void {
    this.#groups.grew(log);
    this.#steps.grew(rows, log);
  }

  showSteps(isShown: boolean): void {
    this.#steps.show(isShown);
  }

  toggle(kind: FoldKind, from: number): void {
    if (kind === "steps") this.#steps.toggle(from);
    else this.#groups.toggle(from);
  }

  setAll(isCollapsed: boolean): void {
    this.#groups.setAll(isCollapsed);
    this.#steps.setAll(isCollapsed);
  }

  reveal(number: number): void {
    this.#groups.reveal(number);
    this.#steps.reveal(number);
  }

  /** Forgets all groups and steps, because another task has reused the id. */
  clear(): void {
    this.#groups.clear();
    this.#steps.clear();
  }
}
