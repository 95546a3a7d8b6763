/** Tests the queue of a single receiver, with a fake clock. */

import { DEFAULT_LIMITS } from "../../../lib/config/limits.ts";
import type { Outcome } from "../../../lib/notify/post.ts";
import { ReceiverQueue, type ReceiverQueueLimits } from "../../../lib/notify/receiver_queue.ts";
import type { Delivery } from "../../../lib/store/store.ts";
import { assert, assertEquals, assertGreater } from "../../support/assert.ts";
import { CLOCK_START, FakeClock } from "../../support/fake_clock.ts";

const DELIVERED: Outcome = { type: "delivered" };
const REFUSED: Outcome = { type: "refused" };
const HOUR_MS = 60 * 60 * 1_000;

function failed(retryAfterMs = 0): Outcome {
  return { type: "failed", reason: "it responded with status 500", retryAfterMs };
}

/** A queue for a receiver whose responses the test controls. */
class TestQueue implements AsyncDisposable {
  readonly clock: FakeClock = new FakeClock();
  readonly queue: ReceiverQueue;
  /** The id of the task of each attempt so far, in order. */
  readonly attempts: string[] = [];
  readonly forgotten: string[] = [];
  readonly notices: string[] = [];
  /** The attempts that have no response yet, oldest first. */
  readonly open: { readonly task: string; readonly answer: (outcome: Outcome) => void }[] = [];
  /**
   * Returns the response to an attempt for a task, which arrives at once; `null` leaves the attempt pending.
   */
  answer: (task: string) => Outcome | null = () => null;
  committedSeq = Infinity;
  commitsAsked = 0;
  #seq = 0;

  constructor(limits: Partial<ReceiverQueueLimits> = {}) {
    this.queue = new ReceiverQueue({
      name: "http://h/hook",
      limits: { ...DEFAULT_LIMITS, ...limits },
      post: (delivery, signal) => this.#post(delivery, signal),
      committedSeq: () => this.committedSeq,
      awaitCommit: () => this.commitsAsked++,
      forget: ({ task }) => this.forgotten.push(task.id),
      notice: (text) => this.notices.push(text),
    });
    this.queue.start();
  }

  /** Adds deliveries and waits for their immediate effects. */
  async add(...tasks: string[]): Promise<void> {
    for (const id of tasks) this.queue.add(this.delivery(id));
    await this.clock.passAsync(0);
  }

  delivery(id: string, size = 10, at = Date.now() / 1_000, client = "c"): Delivery {
    const seq = ++this.#seq;
    return {
      id: `${id} ${seq}`,
      receiver: "key",
      event: "task.error",
      task: { client, id },
      seq,
      at,
      size,
    };
  }

  /** Responds to the oldest pending attempt, or to the attempt for the given task. */
  async reply(outcome: Outcome, task?: string): Promise<void> {
    const index = task === undefined ? 0 : this.open.findIndex((attempt) => attempt.task === task);
    const [attempt] = this.open.splice(index, 1);
    assert(attempt !== undefined && index >= 0, "there is no such attempt");
    attempt.answer(outcome);
    await this.clock.passAsync(0);
  }

  /** Advances the clock, and returns the ids of the tasks of the attempts in that time. */
  async pass(milliseconds: number): Promise<string[]> {
    const before = this.attempts.length;
    await this.clock.passAsync(milliseconds);
    return this.attempts.slice(before);
  }

  /** The ids of the tasks whose attempts are in flight. */
  get underWay(): string[] {
    return this.open.map(({ task }) => task);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.queue[Symbol.asyncDispose]();
    assertEquals(this.clock.pending, 0, "no timer is left");
    this.clock[Symbol.dispose]();
  }

  #post({ task: { id } }: Delivery, signal: AbortSignal): Promise<Outcome> {
    this.attempts.push(id);
    const outcome = this.answer(id);
    if (outcome !== null) return Promise.resolve(outcome);
    const answered = Promise.withResolvers<Outcome>();
    this.open.push({ task: id, answer: answered.resolve });
    signal.addEventListener("abort", () => answered.resolve(failed()));
    return answered.promise;
  }
}

Deno.test("ReceiverQueue delivers in order, with limited concurrency", async () => {
  await using test = new TestQueue({ notifyConcurrency: 2 });
  await test.add("1", "2", "3", "4");
  assertEquals(test.underWay, ["1", "2"]);
  await test.reply(DELIVERED, "2");
  assertEquals([test.underWay, test.forgotten], [["1", "3"], ["2"]]);
  await test.reply(DELIVERED);
  await test.reply(DELIVERED);
  await test.reply(DELIVERED);
  assertEquals([test.attempts, test.forgotten], [["1", "2", "3", "4"], ["2", "1", "3", "4"]]);
  assertEquals(test.queue.counts, { waiting: 0, delivered: 4, refused: 0, dropped: 0, expired: 0 });
  assertEquals(test.notices, []);
});

Deno.test("ReceiverQueue.start() begins with the deliveries that were added before", async () => {
  await using test = new TestQueue();
  const queue = new ReceiverQueue({
    name: "other",
    limits: DEFAULT_LIMITS,
    post: ({ task }) => {
      test.attempts.push(task.id);
      return Promise.resolve(DELIVERED);
    },
    committedSeq: () => Infinity,
    awaitCommit: () => {},
    forget: () => {},
    notice: () => {},
  });
  queue.add(test.delivery("1"));
  assertEquals(await test.pass(HOUR_MS), []);
  queue.start();
  await test.pass(0);
  assertEquals(test.attempts, ["1"]);
  await queue[Symbol.asyncDispose]();
});

Deno.test("ReceiverQueue starts a task's next delivery only after the receiver has accepted the previous one", async () => {
  await using test = new TestQueue();
  await test.add("again", "again", "other");
  assertEquals(test.underWay, ["again", "other"]);
  await test.reply(failed());
  await test.reply(DELIVERED);
  assertEquals(test.underWay, [], "the task's second delivery waits for the first");
  assertEquals(await test.pass(1_000), ["again"]);
  await test.reply(DELIVERED);
  assertEquals(test.attempts, ["again", "other", "again", "again"]);
  assertEquals(test.forgotten, ["other", "again"]);
});

Deno.test("ReceiverQueue doubles the retry delay with every failure up to a maximum, until the delivery expires", async () => {
  await using test = new TestQueue({ notifyAgeMs: HOUR_MS });
  test.answer = () => failed();
  const times: number[] = [];
  await test.add("1");
  for (let seconds = 0; seconds < 4_000; seconds++) {
    if ((await test.pass(1_000)).length > 0) times.push(seconds + 1);
  }
  const waits = times.map((time, index) => time - (times[index - 1] ?? 0));
  // The delays have jitter, and the clock advances in whole seconds, so compare with a tolerance of a second.
  waits.forEach((wait, index) => {
    const longest = Math.min(2 ** index, 300);
    assert(wait >= Math.floor(longest / 2) && wait <= longest + 1, `${wait} s after ${index + 1} failures`);
  });
  assert(times.length > 15 && times.at(-1)! > 3_200, `${times}`);
  assertEquals(test.queue.counts, { waiting: 0, delivered: 0, refused: 0, dropped: 0, expired: 1 });
  assertEquals(test.forgotten, ["1"]);
  assertEquals(test.notices, [
    "Webhook http://h/hook fails: it responded with status 500. Its deliveries are kept and retried",
    "Webhook http://h/hook loses deliveries: they could not be delivered in time",
  ]);
});

Deno.test("ReceiverQueue probes a failing receiver with one delivery at a time, and with each delivery in turn", async () => {
  await using test = new TestQueue();
  test.answer = () => failed();
  await test.add("1");
  await test.add("2", "3", "4");
  test.attempts.length = 0;
  const tried = await test.pass(20_000);
  assertEquals(tried.slice(0, 3).sort(), ["2", "3", "4"], "deliveries without an attempt come first");
  assert(tried.length <= 6, `${tried}: the queue pauses between attempts`);
  assertEquals(new Set(tried.slice(0, 4)).size, 4);
});

Deno.test("ReceiverQueue resumes all deliveries once a receiver works again, and notifies the operator", async () => {
  await using test = new TestQueue({ notifyConcurrency: 2 });
  const tasks = Array.from({ length: 20 }, (_, i) => `${i}`);
  test.answer = () => failed();
  await test.add(...tasks);
  await test.pass(60_000);
  test.answer = () => DELIVERED;
  // Ten minutes are enough for a retry of every failed delivery.
  await test.pass(10 * 60_000);
  assertEquals(test.queue.counts, { waiting: 0, delivered: 20, refused: 0, dropped: 0, expired: 0 });
  assertEquals(test.notices, [
    "Webhook http://h/hook fails: it responded with status 500. Its deliveries are kept and retried",
    "Webhook http://h/hook works again",
  ]);
});

Deno.test("ReceiverQueue is not blocked by a delivery that the receiver always fails to process", async () => {
  await using test = new TestQueue();
  test.answer = (task) => task === "poison" ? failed() : DELIVERED;
  await test.add("poison", "1", "2");
  // Two seconds are enough for the deliveries that wait behind the failing one.
  await test.pass(2_000);
  assertEquals(test.forgotten.sort(), ["1", "2"]);
  for (let n = 3; n < 100; n++) {
    await test.add(`${n}`);
    await test.pass(10_000);
    assert(test.forgotten.includes(`${n}`), `${n} waits`);
  }
  assertGreater(test.attempts.filter((task) => task === "poison").length, 6);
  assertEquals(test.notices.length, 1, "the operator is notified once of the failure");
  test.answer = () => DELIVERED;
  await test.pass(5 * 60_000);
  assertEquals([test.queue.counts.waiting, test.notices.length], [0, 2]);
});

Deno.test("ReceiverQueue counts attempts that fail at the same time as one failure of the receiver", async () => {
  await using test = new TestQueue({ notifyConcurrency: 4 });
  await test.add("1", "2", "3", "4");
  for (let n = 0; n < 4; n++) await test.reply(failed());
  assertEquals((await test.pass(1_000)).length, 1, "the queue pauses only for the first retry delay");
});

Deno.test("ReceiverQueue pauses for as long as the receiver asks for, up to a maximum", async () => {
  await using test = new TestQueue();
  await test.add("1");
  await test.reply(failed(60_000));
  assertEquals(await test.pass(59_999), []);
  assertEquals(await test.pass(1), ["1"]);
  await test.reply(failed(10 * HOUR_MS));
  assertEquals(await test.pass(299_999), []);
  assertEquals(await test.pass(1), ["1"]);
});

Deno.test("ReceiverQueue does not retry deliveries that the receiver refuses, and continues with others", async () => {
  await using test = new TestQueue({ notifyConcurrency: 1 });
  await test.add("1", "2");
  await test.reply(REFUSED);
  assertEquals([test.underWay, test.forgotten], [["2"], ["1"]]);
  await test.reply(DELIVERED);
  assertEquals(await test.pass(HOUR_MS), []);
  assertEquals(test.queue.counts, { waiting: 0, delivered: 1, refused: 1, dropped: 0, expired: 0 });
  assertEquals(test.notices, []);
});

Deno.test("ReceiverQueue drops the oldest queued delivery if there are too many, but none that is in flight", async () => {
  await using test = new TestQueue({ notifyConcurrency: 1, notifyQueue: 3 });
  await test.add("1");
  await test.add("2", "3", "4");
  assertEquals([test.underWay, test.forgotten], [["1"], []]);
  await test.add("5", "6");
  assertEquals([test.underWay, test.forgotten, test.queue.counts.dropped], [["1"], ["2", "3"], 2]);
  test.answer = () => DELIVERED;
  await test.reply(DELIVERED);
  assertEquals(test.attempts, ["1", "4", "5", "6"]);
  const notice = "Webhook http://h/hook loses deliveries: its queue is full, so the oldest are dropped";
  assertEquals(test.notices, [notice]);
  test.answer = () => null;
  await test.add("1", "2", "3", "4", "5");
  assertEquals(test.notices, [notice, notice], "the queue was empty between the two notices");
});

Deno.test("ReceiverQueue drops the oldest deliveries if the queued texts are too long, but never the newest delivery", async () => {
  await using test = new TestQueue({ notifyConcurrency: 1, notifyQueueCharacters: 100 });
  test.queue.add(test.delivery("1", 40));
  await test.pass(0);
  for (const [id, size] of [["2", 30], ["3", 30], ["4", 30]] as const) {
    test.queue.add(test.delivery(id, size));
  }
  assertEquals(test.forgotten, ["2"]);
  test.queue.add(test.delivery("huge", 1_000));
  assertEquals(test.forgotten, ["2", "3", "4"]);
  test.answer = () => DELIVERED;
  await test.reply(DELIVERED);
  assertEquals([test.attempts, test.queue.counts.waiting], [["1", "huge"], 0]);
});

Deno.test("ReceiverQueue drops deliveries of the client that takes the most room", async () => {
  await using test = new TestQueue({ notifyConcurrency: 1, notifyQueue: 6, notifyQueueCharacters: 1_000 });
  const add = (client: string, ids: readonly string[], size = 10) => {
    for (const id of ids) test.queue.add(test.delivery(id, size, Date.now() / 1_000, client));
  };
  add("busy", ["in flight"]);
  await test.pass(0);
  add("quiet", ["q1", "q2"]);
  add("busy", ["b1", "b2", "b3", "b4"]);
  assertEquals(test.forgotten, []);
  // There are too many deliveries: the busy client loses its oldest ones until both clients have equally
  // many.
  add("busy", ["b5"]);
  add("quiet", ["q3", "q4"]);
  assertEquals(test.forgotten, ["b1", "b2", "b3"]);
  // The texts are too long in total: the client with the longest texts loses deliveries, although it has
  // fewer of them.
  add("long", ["l1"], 500);
  add("long", ["l2"], 600);
  assertEquals(test.forgotten.slice(3), ["q1", "l1"]);
});

Deno.test("ReceiverQueue can drop a delivery that waits for its retry, and reports the loss once the receiver works again", async () => {
  await using test = new TestQueue({ notifyQueue: 1 });
  await test.add("1");
  await test.reply(failed());
  await test.add("2");
  assertEquals([test.forgotten, test.queue.counts.waiting], [["1"], 1]);
  test.answer = () => DELIVERED;
  assertEquals(await test.pass(1_000), ["2"]);
  assertEquals(
    test.notices.at(-1),
    "Webhook http://h/hook works again; deliveries lost meanwhile: 1",
  );
});

Deno.test("ReceiverQueue sends no delivery before its commit", async () => {
  await using test = new TestQueue();
  test.answer = () => DELIVERED;
  test.committedSeq = 1;
  await test.add("1", "2", "3");
  assertEquals(test.attempts, ["1"]);
  assertGreater(test.commitsAsked, 0);
  test.committedSeq = 2;
  test.queue.pump();
  await test.pass(0);
  assertEquals(test.attempts, ["1", "2"]);
  assertEquals(await test.pass(HOUR_MS), [], "the queue was not told of a further commit");
  test.committedSeq = 3;
  test.queue.pump();
  await test.pass(0);
  assertEquals(test.attempts, ["1", "2", "3"]);
});

Deno.test("ReceiverQueue is not stalled by a clock that is set back or far ahead", async () => {
  await using test = new TestQueue();
  await test.add("1");
  await test.reply(failed());
  test.clock.set(CLOCK_START - 10 * HOUR_MS / 1_000);
  assertEquals(await test.pass(1_000), ["1"]);
  await test.reply(failed());
  test.clock.set(CLOCK_START + HOUR_MS / 1_000);
  assertEquals(await test.pass(2_000), ["1"]);
});

Deno.test("ReceiverQueue.whenSettled() waits for requests in flight and for commits, not for a failing receiver", async () => {
  await using test = new TestQueue({ notifyConcurrency: 1 });
  let settled = 0;
  const wait = () => void test.queue.whenSettled().then(() => settled++);
  wait();
  await test.pass(0);
  assertEquals(settled, 1, "there is nothing");
  test.queue.add(test.delivery("1"));
  wait();
  await test.add("2");
  await test.reply(DELIVERED);
  assertEquals(settled, 1);
  await test.reply(DELIVERED);
  assertEquals(settled, 2);
  test.committedSeq = 2;
  await test.add("3");
  wait();
  await test.pass(1_000);
  assertEquals(settled, 2);
  test.committedSeq = 3;
  test.queue.pump();
  await test.reply(failed());
  assertEquals(settled, 3);
  wait();
  await test.pass(0);
  assertEquals(settled, 4, "it fails");
});

Deno.test("ReceiverQueue aborts requests when it is disposed of, and deletes only accepted deliveries", async () => {
  const test = new TestQueue();
  await test.add("1", "2", "3");
  test.open[1]!.answer(DELIVERED);
  await test[Symbol.asyncDispose]();
  await test.queue[Symbol.asyncDispose]();
  assertEquals([test.forgotten, test.attempts, test.notices], [["2"], ["1", "2", "3"], []]);
  assertEquals(test.queue.counts.waiting, 2);
  test.queue.add(test.delivery("late"));
  test.queue.pump();
  await Promise.resolve();
  assertEquals(test.attempts.length, 3);
});

Deno.test("ReceiverQueue scans ten thousand queued deliveries fast enough", async () => {
  await using test = new TestQueue();
  test.answer = () => failed();
  await test.add(...Array.from({ length: 10_000 }, (_, i) => `${i}`));
  await test.pass(HOUR_MS);
  test.answer = () => DELIVERED;
  await test.pass(HOUR_MS);
  assertEquals(test.queue.counts.delivered, 10_000);
});
