/**
 * All who watch the tasks of one client.
 *
 * @module
 */

import type { RegistryEvent } from "../registry_types.ts";
import { DeltaWatchers } from "./delta_watchers.ts";
import type { FullStates } from "./full_states.ts";
import type { Show } from "./show_queue.ts";
import { TaskWatchers } from "./task_watchers.ts";

/** The watchers of one client's tasks, by what they want to see. */
export class Feed {
  readonly full: FullStates;
  readonly deltas: DeltaWatchers = new DeltaWatchers();
  readonly tasks: TaskWatchers = new TaskWatchers();
  /** Something has changed since the last frame. */
  hasNews = false;
  /** A frame is made that waits to be shown. */
  isHeld = false;
  /** A frame is due, be it by the timer or at the end of this turn. */
  isScheduled = false;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** When the last frame was made. */
  framedMs = 0;

  /** @param full those who want everything */
  constructor(full: FullStates) {
    this.full = full;
  }

  /** Whether nobody is there. */
  get isUnwatched(): boolean {
    return this.full.isEmpty && this.deltas.isEmpty && this.tasks.isEmpty;
  }

  /** Hears of a change. */
  note(event: RegistryEvent): void {
    this.hasNews = true;
    this.full.note();
    this.deltas.note(event);
    this.tasks.note(event);
  }

  /** Makes frames of what is to be told; full states come behind them, at a pace of their own. */
  takeFrames(): Show[] {
    this.hasNews = false;
    this.framedMs = Date.now();
    const delta = this.deltas.takeFrame();
    const ofTasks = this.tasks.takeFrames();
    return delta === null ? ofTasks : [delta, ...ofTasks];
  }

  /** Forgets the timers. */
  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.full.stop();
  }
}
