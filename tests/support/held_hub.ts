/**
 * A hub with a fake clock and a store whose commits a test controls.
 *
 * @module
 */

import { atHand } from "./at_hand.ts";
import { DEFAULT_LIMITS } from "../../lib/config/limits.ts";
import { Hub } from "../../lib/hub/hub.ts";
import type { Cursor } from "../../lib/task/cursor.ts";
import { EventWatcher } from "./event_watcher.ts";
import { FakeClock } from "./fake_clock.ts";
import { HeldStore } from "./held_store.ts";
import { RecordingWatcher } from "./recording_watcher.ts";
import { TestRegistry } from "./registry.ts";

/** A hub over a {@linkcode HeldStore}; task "1" exists and is committed. */
export class HeldHub implements Disposable {
  readonly clock: FakeClock = new FakeClock();
  readonly store: HeldStore = new HeldStore();
  readonly test: TestRegistry;
  readonly hub: Hub;

  /**
   * @param fullStateBytesPerSecond the rate limit of full states, in bytes per second
   * @param pendingEventCharacters the limit of queued event text, in characters
   */
  constructor(fullStateBytesPerSecond = 1_000_000_000, pendingEventCharacters = Infinity) {
    const limits = { sweepIntervalMs: 1_000_000_000 };
    this.test = new TestRegistry({ ...DEFAULT_LIMITS, ...limits }, "first", this.store);
    const options = { frameIntervalMs: 50, fullStateBytesPerSecond, pendingEventCharacters };
    this.hub = new Hub(this.test.registry, options);
    this.test.begin("c", "1");
    this.clock.pass(1_000);
  }

  /** The number of pending timers except the one of the registry. */
  get timers(): number {
    return this.clock.pending - 1;
  }

  /** Adds a watcher of all tasks. */
  watcher(mode: "full" | "delta" = "delta"): RecordingWatcher {
    const watcher = new RecordingWatcher();
    this.hub.watch("c", watcher, mode, null);
    return watcher;
  }

  /** Adds a watcher of one task. */
  taskWatcher(id: string): RecordingWatcher {
    const watcher = new RecordingWatcher();
    this.hub.watchTask("c", atHand(this.test.registry.stored("c", id)), watcher);
    return watcher;
  }

  /** Adds a watcher of the events of all tasks, starting now or after a cursor. */
  eventWatcher(after: Cursor | null = null): EventWatcher {
    const watcher = new EventWatcher();
    this.hub.watchEvents("c", watcher, after);
    return watcher;
  }

  /** Adds a watcher of the events of one task, starting now or after a cursor. */
  taskEventWatcher(id: string, after: Cursor | null = null): EventWatcher {
    const watcher = new EventWatcher();
    this.hub.watchTaskEvents("c", atHand(this.test.registry.stored("c", id)), watcher, after);
    return watcher;
  }

  [Symbol.dispose](): void {
    this.hub[Symbol.dispose]();
    this.test[Symbol.dispose]();
    this.clock[Symbol.dispose]();
  }
}
