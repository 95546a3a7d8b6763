/**
 * Tests event streams whose connections break at any point: compares the state of the readers with the true
 * events.
 */

import { atHand } from "../../support/at_hand.ts";
import fc from "fast-check";
import { DEFAULT_LIMITS } from "../../../lib/config/limits.ts";
import { LimitError } from "../../../lib/errors.ts";
import { Hub } from "../../../lib/hub/hub.ts";
import { parseCursor } from "../../../lib/task/cursor.ts";
import { TransitionError } from "../../../lib/task/transition.ts";
import { assert, assertEquals, assertGreater } from "../../support/assert.ts";
import { checkConnection, EventReader, EventTruth, seqOf, toldBy } from "../../support/event_model.ts";
import { EventParser } from "../../support/event_parser.ts";
import { EventWatcher } from "../../support/event_watcher.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { HeldStore } from "../../support/held_store.ts";
import { TestRegistry } from "../../support/registry.ts";

/**
 * A reader of the event stream that reconnects and resumes. It ignores truncated events, so the hub must
 * resend them.
 */
class Reader {
  readonly #hub: Hub;
  readonly #truth: EventTruth;
  readonly #reader: EventReader = new EventReader();
  #watcher: EventWatcher | null = null;
  #leave: () => void = () => {};
  /** The id of the last event, from which the reader resumes; empty at first. */
  #lastEventId = "";
  /** The number of times that each case occurred, to check that the test covers the case. */
  readonly counts = { events: 0, resumed: 0, resyncs: 0, cut: 0 };

  constructor(hub: Hub, truth: EventTruth) {
    this.#hub = hub;
    this.#truth = truth;
    this.connect();
  }

  get tasks() {
    return this.#reader.tasks;
  }

  connect(): void {
    this.#watcher = new EventWatcher();
    const after = this.#lastEventId === "" ? null : parseCursor(this.#lastEventId);
    this.#leave = this.#hub.watchEvents("c", this.#watcher, after);
  }

  /** Breaks the connection after the given part of the pending text. */
  cut(part: number): void {
    const { text, texts } = this.#watcher!;
    this.#leave();
    const received = text.slice(0, Math.ceil(text.length * part));
    if (received.length < text.length && texts.length > 0) this.counts.cut++;
    const parser = new EventParser(this.#lastEventId);
    parser.push(received);
    for (const event of parser.events) this.#reader.take(event);
    const { opening } = checkConnection(this.#truth, this.#lastEventId, parser.events);
    if (opening === "missed") this.counts.resumed++;
    if (opening === "resync") this.counts.resyncs++;
    this.counts.events += parser.events.length;
    this.#lastEventId = parser.lastEventId;
  }
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        ...["begin", "begin", "update", "update", "update", "log", "log", "finish", "fail", "cancel"],
        ...["remove", "restore"],
      ),
      id: fc.constantFrom("1", "2", "3"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("hold", "commit", "commit", "pass", "pass", "pass") }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("cut"),
      reader: fc.nat(2),
      part: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("watch"), id: fc.constantFrom("1", "2", "3") }) },
);

/** A counter that makes each changed record different from all others. */
let serial = 0;

function change(test: TestRegistry, what: string, id: string): void {
  try {
    if (what === "begin") test.begin("c", id);
    if (what === "update") test.report("c", id, { type: "update", status: `at ${++serial}` });
    if (what === "log") {
      const lines = [{ at: 1, text: `line\r\n ${++serial}` }, { at: 2, text: `data: ${serial}\n\n` }];
      test.report("c", id, { type: "log", lines });
    }
    if (what === "finish") test.finish("c", id);
    if (what === "fail") test.report("c", id, { type: "fail", error: { type: "Error", message: "no" } });
    if (what === "cancel") test.registry.requestCancel("c", id);
    if (what === "remove") test.registry.remove("c", id);
    if (what === "restore") test.registry.restore("c", id);
  } catch (error) {
    assert(error instanceof TransitionError || error instanceof LimitError, String(error));
  }
}

Deno.test("Hub.watchEvents() brings readers up to date after their connections broke, without dropping an event", async () => {
  const sum = { events: 0, resumed: 0, resyncs: 0, cut: 0, ofTask: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120, size: "max" }), async (steps) => {
      using clock = new FakeClock();
      const store = new HeldStore({ removalsPerClient: 1 });
      using test = new TestRegistry({ ...DEFAULT_LIMITS, sweepIntervalMs: 1_000_000_000 }, "first", store);
      test.begin("c", "1");
      using truth = new EventTruth(test.registry, "c");
      using hub = new Hub(test.registry, { frameIntervalMs: 50, fullStateBytesPerSecond: 1e9 });
      const readers = Array.from({ length: 3 }, () => new Reader(hub, truth));
      const ofTasks: { id: string; watcher: EventWatcher; leave: () => void }[] = [];
      for (const step of steps) {
        if ("id" in step && step.do !== "watch") change(test, step.do, step.id);
        if (step.do === "hold") store.hold();
        if (step.do === "commit") await store.commit();
        if (step.do === "pass") await clock.passAsync(30);
        if ("reader" in step) {
          readers[step.reader]!.cut(step.part);
          readers[step.reader]!.connect();
        }
        if ("id" in step && step.do === "watch") {
          const stored = test.registry.stored("c", step.id);
          if (stored === undefined) continue;
          const watcher = new EventWatcher();
          ofTasks.push({
            id: step.id,
            watcher,
            leave: hub.watchTaskEvents("c", atHand(stored), watcher, null),
          });
        }
      }
      await store.release();
      await clock.passAsync(200);
      const now = new Map(test.registry.tasks("c").map((task) => [task.id, task]));
      for (const reader of readers) {
        reader.cut(1);
        assertEquals(new Map([...reader.tasks].toSorted()), new Map([...now].toSorted()));
        for (const key of ["events", "resumed", "resyncs", "cut"] as const) sum[key] += reader.counts[key];
      }
      for (const { id, watcher, leave } of ofTasks) {
        checkOfTask(truth, id, watcher);
        sum.ofTask += watcher.events.length;
        leave();
      }
    }),
    { numRuns: 400 },
  );
  assertGreater(sum.events, 5_000);
  assertGreater(sum.resumed, 200);
  assertGreater(sum.resyncs, 5);
  assertGreater(sum.cut, 200);
  assertGreater(sum.ofTask, 500);
});

/**
 * Checks that a watcher of one task received all events of that task up to the final state, and no others.
 */
function checkOfTask(truth: EventTruth, id: string, { events, ends }: EventWatcher): void {
  const [state, ...others] = events;
  assertEquals(state!.type, "initial_state");
  const record = JSON.parse(state!.data);
  const isEnded = record.finished_at !== null;
  const last = others.at(-1);
  const hasEnded = last !== undefined && JSON.parse(last.data).finished_at > 0 &&
    ["task.finished", "task.error", "task.cancelled"].includes(last.type);
  assertEquals(ends, isEnded || hasEnded ? 1 : 0);
  if (last === undefined) return;
  const wanted = truth.between(seqOf(state!), seqOf(last), id);
  if (!hasEnded) return assertEquals(toldBy(others), wanted);
  // The frame may contain events of a later task with the same id, which must not be sent to this watcher.
  const told = toldBy(others).get(id)!;
  assertEquals(told.slice(0, -1), wanted.get(id)!.slice(0, told.length - 1));
}

Deno.test("Hub.watchEvents() sends changes only after their commit, and the current state while the store is degraded", async () => {
  const steps = fc.array(
    fc.record({
      do: fc.constantFrom(
        ...["begin", "update", "finish", "remove", "restore", "log"],
        ...["hold", "commit", "pass", "cut", "fail", "recover"],
      ),
      id: fc.constantFrom("1", "2", "3"),
    }),
    { maxLength: 60, size: "max" },
  );
  let shown = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      using clock = new FakeClock();
      const store = new HeldStore();
      using test = new TestRegistry({ ...DEFAULT_LIMITS, sweepIntervalMs: 1_000_000_000 }, "first", store);
      using hub = new Hub(test.registry, { frameIntervalMs: 50, fullStateBytesPerSecond: 1e9 });
      // The sequence numbers of changes that readers must not see before the commit.
      const membership: number[] = [];
      test.registry.subscribe(({ seq, stored, before }) => {
        if (stored === undefined || before === undefined || stored.task.finished_at !== null) {
          membership.push(seq);
        }
      });
      let wasInTrouble = false;
      const reader = new EventReader();
      let lastEventId = "";
      let leave = () => {};
      const connect = () => {
        const parser = new EventParser(lastEventId);
        let taken = 0;
        const watcher = new EventWatcher((text) => {
          parser.push(text);
          for (; taken < parser.events.length; taken++) reader.take(parser.events[taken]!);
          shown++;
          lastEventId = parser.lastEventId;
          if (wasInTrouble || lastEventId === "") return;
          const { seq } = parseCursor(lastEventId);
          const early = membership.filter((number) => number <= seq && number > store.committedSeq);
          assertEquals(early, [], "a change was published before its commit");
        });
        leave = hub.watchEvents("c", watcher, lastEventId === "" ? null : parseCursor(lastEventId));
      };
      connect();
      for (const { do: what, id } of steps) {
        change(test, what, id);
        const isTroubled = test.registry.degradation !== null;
        if (what === "hold" && !isTroubled) store.hold();
        if (what === "commit" && !isTroubled) await store.commit();
        if (what === "pass") await clock.passAsync(30);
        if (what === "fail" && id === "1") {
          wasInTrouble = true;
          await store.fail();
        }
        if (what === "recover" && isTroubled) await store.recover();
        if (what === "cut") {
          leave();
          connect();
        }
      }
      if (test.registry.degradation !== null) await store.recover();
      await store.release();
      await clock.passAsync(200);
      const now = new Map(test.registry.tasks("c").map((task) => [task.id, task]));
      assertEquals(new Map([...reader.tasks].toSorted()), new Map([...now].toSorted()));
      leave();
    }),
    { numRuns: 300 },
  );
  assertGreater(shown, 500);
});

Deno.test("EventParser parses the hub's output, however it is divided into chunks", () => {
  fc.assert(fc.property(fc.array(fc.nat(200), { minLength: 1 }), (lengths) => {
    const text = `retry: 1000\n\n: hello\n\nevent: log\ndata: {"text":"a\\nb"}\nid: a:1\n\ndata: x\n\n`;
    const parser = new EventParser();
    let from = 0;
    for (const length of lengths) {
      parser.push(text.slice(from, from + length));
      from += length;
    }
    parser.push(text.slice(from));
    assertEquals(parser.events, [
      { type: "log", data: '{"text":"a\\nb"}', lastEventId: "a:1" },
      { type: "message", data: "x", lastEventId: "a:1" },
    ]);
    assertEquals([parser.retryMs, parser.comments], [1_000, [" hello"]]);
  }));
});
