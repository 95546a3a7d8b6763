/**
 * A hub on a clock that stands still, over a store whose commits a test makes.
 *
 * @module
 */

import { DEFAULT_LIMITS } from "../../lib/config/limits.ts";
import { Hub } from "../../lib/hub/hub.ts";
import type { Cursor } from "../../lib/task/cursor.ts";
import { EventWatcher } from "./event_watcher.ts";
import { FakeClock } from "./fake_clock.ts";
import { HeldStore } from "./held_store.ts";
import { RecordingWatcher } from "./recording_watcher.ts";
import { TestRegistry } from "./registry.ts";

/** A hub over a store whose commits a test makes; a task "1" is there and committed. */
export class HeldHub implements Disposable {
  readonly clock: FakeClock = new FakeClock();
  readonly store: HeldStore = new HeldStore();
  readonly test: TestRegistry;
  readonly hub: Hub;

  /**
   * @param fullStateBytesPerSecond how fast full states may be sent
   * @param pendingEventCharacters how many characters of events may wait
   */
  constructor(fullStateBytesPerSecond = 1_000_000_000, pendingEventCharacters = Infinity) {
    const limits = { sweepIntervalMs: 1_000_000_000 };
    this.test = new TestRegistry({ ...DEFAULT_LIMITS, ...limits }, "first", this.store);
    const options = { frameIntervalMs: 50, fullStateBytesPerSecond, pendingEventCharacters };
    this.hub = new Hub(this.test.registry, options);
    this.test.begin("c", "1");
    this.clock.pass(1_000);
  }

  /** How many timers the hub has set; one is the registry's. */
  get timers(): number {
    return this.clock.pending - 1;
  }

  /** Somebody who watches everything from now on. */
  watcher(mode: "full" | "delta" = "delta"): RecordingWatcher {
    const watcher = new RecordingWatcher();
    this.hub.watch("c", watcher, mode, null);
    return watcher;
  }

  /** Somebody who watches one task. */
  taskWatcher(id: string): RecordingWatcher {
    const watcher = new RecordingWatcher();
    this.hub.watchTask("c", this.test.registry.stored("c", id)!, watcher);
    return watcher;
  }

  /** Somebody who watches the events of all tasks from now on, or from a position on. */
  eventWatcher(after: Cursor | null = null): EventWatcher {
    const watcher = new EventWatcher();
    this.hub.watchEvents("c", watcher, after);
    return watcher;
  }

  /** Somebody who watches the events of one task. */
  taskEventWatcher(id: string, after: Cursor | null = null): EventWatcher {
    const watcher = new EventWatcher();
    this.hub.watchTaskEvents("c", this.test.registry.stored("c", id)!, watcher, after);
    return watcher;
  }

  [Symbol.dispose](): void {
    this.hub[Symbol.dispose]();
    this.test[Symbol.dispose]();
    this.clock[Symbol.dispose]();
  }
}
