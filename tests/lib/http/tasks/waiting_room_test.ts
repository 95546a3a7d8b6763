import { ClosedError } from "../../../../lib/errors.ts";
import { Problem } from "../../../../lib/http/problem.ts";
import { type Wait, WaitingRoom } from "../../../../lib/http/tasks/waiting_room.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

/** Starts a wait for an event, and counts how often it unsubscribes. */
function wait(controller = new AbortController()) {
  let happened: (what: string) => void = () => {};
  let ends = 0;
  const request = new Request("http://localhost/", { signal: controller.signal });
  const options: Wait<string> = {
    request,
    timeoutMs: 5_000,
    subscribe: (callback) => {
      happened = callback;
      return () => ends++;
    },
  };
  return { options, happen: (what: string) => happened(what), ends: () => ends };
}

Deno.test("WaitingRoom.wait() resolves with the event and unsubscribes", async () => {
  using clock = new FakeClock();
  const room = new WaitingRoom(1);
  const it = wait();
  const waiting = room.wait(it.options);
  assertEquals([room.size, it.ends()], [1, 0]);
  it.happen("this");
  it.happen("that");
  assertEquals([await waiting, room.size, it.ends(), clock.pending], ["this", 0, 1, 0]);
});

Deno.test("WaitingRoom.wait() resolves with null after the timeout", async () => {
  using clock = new FakeClock();
  const room = new WaitingRoom(1);
  const it = wait();
  const waiting = room.wait(it.options);
  await clock.passAsync(4_999);
  assertEquals(room.size, 1);
  await clock.passAsync(1);
  assertEquals([await waiting, room.size, it.ends(), clock.pending], [null, 0, 1, 0]);
});

Deno.test("WaitingRoom.wait() resolves with null as soon as its client disconnects", async () => {
  using clock = new FakeClock();
  const room = new WaitingRoom(1);
  const controller = new AbortController();
  const it = wait(controller);
  const waiting = room.wait(it.options);
  controller.abort();
  assertEquals([await waiting, room.size, it.ends(), clock.pending], [null, 0, 1, 0]);
});

Deno.test("WaitingRoom.wait() refuses requests beyond the limit until other requests have ended", async () => {
  const room = new WaitingRoom(2);
  const [first, second, third] = [wait(), wait(), wait()];
  const waiting = [room.wait(first.options), room.wait(second.options)];
  const problem = await assertRejects(
    () => room.wait(third.options),
    Problem,
    "The limit of 2 waiting requests is reached",
  );
  assertEquals([problem.status, problem.code, problem.headers["retry-after"]], [503, "limit_reached", "5"]);
  assertEquals([room.size, third.ends()], [2, 0]);
  first.happen("a");
  await waiting[0];
  waiting.push(room.wait(third.options));
  for (const it of [second, third]) it.happen("b");
  assertEquals(await Promise.all(waiting), ["a", "b", "b"]);
});

Deno.test("WaitingRoom.wait() resolves if the event occurs during the subscription, and rejects if the subscription fails", async () => {
  const room = new WaitingRoom(1);
  const { options } = wait();
  const subscribe = (happened: (what: string) => void) => {
    happened("now");
    return () => {};
  };
  assertEquals(await room.wait({ ...options, subscribe }), "now");
  const broken = () => {
    throw new RangeError("broken");
  };
  await assertRejects(() => room.wait({ ...options, subscribe: broken }), RangeError);
  assertEquals(room.size, 0);
});

Deno.test("WaitingRoom.close() rejects every wait", async () => {
  using clock = new FakeClock();
  const room = new WaitingRoom(2);
  const both = [wait(), wait()];
  const waiting = both.map(({ options }) => assertRejects(() => room.wait(options), ClosedError));
  room.close();
  await Promise.all(waiting);
  assertEquals([room.size, both.map(({ ends }) => ends()), clock.pending], [0, [1, 1], 0]);
});
