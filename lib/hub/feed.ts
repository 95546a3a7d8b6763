/**
 * Holds all watchers of one client's tasks, and the state of their frames.
 *
 * @module
 */

import { monotonicMs } from "../clock.ts";
import type { RegistryEvent } from "../registry/registry_types.ts";
import { ChangeListeners } from "./change_listeners.ts";
import { DeltaWatchers } from "./delta_watchers.ts";
import type { EventWatchers } from "./event_watchers.ts";
import type { FullStates } from "./full_states.ts";
import type { Publish } from "./publish_queue.ts";
import { TaskWatchers } from "./task_watchers.ts";

/** The watchers of one client's tasks, by kind. */
export class Feed {
  readonly full: FullStates;
  readonly deltas: DeltaWatchers = new DeltaWatchers();
  readonly tasks: TaskWatchers = new TaskWatchers();
  readonly events: EventWatchers;
  readonly listeners: ChangeListeners = new ChangeListeners();
  /** Whether anything has changed since the last frame. */
  hasNews = false;
  /** Whether a frame is waiting to be published. */
  isHeld = false;
  /** Whether a frame is scheduled, by the timer or at the end of the turn. */
  isScheduled = false;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** When the last frame was created, in epoch milliseconds. */
  framedMs = 0;

  /**
   * @param full the watchers of full states
   * @param events the watchers of events
   */
  constructor(full: FullStates, events: EventWatchers) {
    this.full = full;
    this.events = events;
  }

  /** Whether there is no watcher. */
  get isUnwatched(): boolean {
    return this.full.isEmpty && this.deltas.isEmpty && this.tasks.isEmpty && this.events.isEmpty &&
      this.listeners.isEmpty;
  }

  /** Records a change for the next frame. */
  note(event: RegistryEvent): void {
    this.hasNews = true;
    this.full.note();
    this.deltas.note(event);
    this.tasks.note(event);
    this.events.note(event);
    this.listeners.note(event);
  }

  /**
   * Returns frames with all recorded changes. Full states are sent separately, because they have their own
   * throttle.
   */
  takeFrames(): Publish[] {
    this.hasNews = false;
    this.framedMs = monotonicMs();
    const frames = [...this.tasks.takeFrames(), ...this.events.takeFrames()];
    return [this.deltas.takeFrame(), ...frames, this.listeners.takeFrame()].filter((publish) =>
      publish !== null
    );
  }

  /** Clears the timers. */
  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.full.stop();
  }
}
