import { ByteBudget } from "../../../../lib/http/byte_budget.ts";
import { WaitingBytes } from "../../../../lib/http/streams/waiting_bytes.ts";
import { assertEquals } from "../../../support/assert.ts";

/** Creates a counter of the bytes that wait to be sent on an open socket. */
function waitingOf(
  budget: ByteBudget,
  share: string | null,
  bufferedAmount = 0,
  copies = new ByteBudget(Infinity),
): WaitingBytes {
  return new WaitingBytes({ readyState: WebSocket.OPEN, bufferedAmount } as WebSocket, budget, copies, share);
}

Deno.test("WaitingBytes leaves room for the sockets of others, however many sockets a client has", () => {
  const budget = new ByteBudget(800);
  const countAll = (share: string | null) => {
    const sockets = Array.from({ length: 10 }, () => waitingOf(budget, share));
    return sockets.filter((each) => each.count(100)).length;
  };
  assertEquals([countAll("c"), countAll("d"), countAll(null), budget.taken], [4, 2, 2, 800]);
});

Deno.test("WaitingBytes keeps its count if the budget refuses more, and releases no more than it has counted", () => {
  const budget = new ByteBudget(800);
  const [first, second] = [waitingOf(budget, "c"), waitingOf(budget, "c", 50)];
  assertEquals([first.count(200), second.count(200)], [true, true]);
  assertEquals([budget.take(400), second.count(201), second.counted], [true, false, 200]);
  assertEquals([budget.taken, first.count(0), budget.taken], [800, true, 600]);
  second.measure();
  assertEquals([second.counted, budget.taken], [50, 450]);
  second.count(0);
  assertEquals(budget.taken, 400);
});

Deno.test("WaitingBytes counts against the limit of all sockets, and leaves the rest of the whole limit for streams", () => {
  const [budget, copies] = [new ByteBudget(800), new ByteBudget(400)];
  const sockets = Array.from({ length: 10 }, () => waitingOf(budget, null, 0, copies));
  assertEquals(sockets.filter((each) => each.count(100)).length, 4);
  assertEquals([copies.taken, budget.taken, budget.take(400)], [400, 400, true]);
  // The whole limit is used up, so nothing is counted against the limit of sockets.
  assertEquals([sockets[0]!.count(0), budget.take(100), sockets[0]!.count(100)], [true, true, false]);
  assertEquals([copies.taken, budget.taken], [300, 800]);
});

Deno.test("WaitingBytes leaves room within the limit of all sockets for the sockets of others", () => {
  const copies = new ByteBudget(400);
  const countAll = (share: string | null) => {
    const sockets = Array.from({ length: 10 }, () => waitingOf(new ByteBudget(8_000), share, 0, copies));
    return sockets.filter((each) => each.count(100)).length;
  };
  assertEquals([countAll("c"), countAll("d"), countAll(null)], [2, 1, 1]);
});
