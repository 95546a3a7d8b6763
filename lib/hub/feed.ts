/**
 * All who watch the tasks of one client.
 *
 * @module
 */

import type { RegistryEvent } from "../registry/registry_types.ts";
import { ChangeListeners } from "./change_listeners.ts";
import { DeltaWatchers } from "./delta_watchers.ts";
import type { EventWatchers } from "./event_watchers.ts";
import type { FullStates } from "./full_states.ts";
import type { Publish } from "./publish_queue.ts";
import { TaskWatchers } from "./task_watchers.ts";

/** The watchers of one client's tasks, by what they want to see. */
export class Feed {
  readonly full: FullStates;
  readonly deltas: DeltaWatchers = new DeltaWatchers();
  readonly tasks: TaskWatchers = new TaskWatchers();
  readonly events: EventWatchers;
  readonly listeners: ChangeListeners = new ChangeListeners();
  /** Something has changed since the last frame. */
  hasNews = false;
  /** A frame is made that waits to be shown. */
  isHeld = false;
  /** A frame is due, be it by the timer or at the end of this turn. */
  isScheduled = false;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** When the last frame was made. */
  framedMs = 0;

  /**
   * @param full those who want everything
   * @param events those who want every event
   */
  constructor(full: FullStates, events: EventWatchers) {
    this.full = full;
    this.events = events;
  }

  /** Whether nobody is there. */
  get isUnwatched(): boolean {
    return this.full.isEmpty && this.deltas.isEmpty && this.tasks.isEmpty && this.events.isEmpty &&
      this.listeners.isEmpty;
  }

  /** Hears of a change. */
  note(event: RegistryEvent): void {
    this.hasNews = true;
    this.full.note();
    this.deltas.note(event);
    this.tasks.note(event);
    this.events.note(event);
    this.listeners.note(event);
  }

  /** Makes frames of what is to be told; full states come behind them, at a pace of their own. */
  takeFrames(): Publish[] {
    this.hasNews = false;
    this.framedMs = Date.now();
    const frames = [...this.tasks.takeFrames(), ...this.events.takeFrames()];
    return [this.deltas.takeFrame(), ...frames, this.listeners.takeFrame()].filter((publish) =>
      publish !== null
    );
  }

  /** Forgets the timers. */
  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.full.stop();
  }
}
