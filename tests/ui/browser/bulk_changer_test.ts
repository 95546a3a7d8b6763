import { signal } from "@preact/signals";
import { type BulkAnswer, BulkChanger } from "../../../ui/browser/bulk_changer.ts";
import { Cancellations } from "../../../ui/browser/cancellations.ts";
import { UnknownOutcomeError } from "../../../ui/browser/requests.ts";
import { bulkResultText } from "../../../ui/shared/bulk_text.ts";
import type { BulkAction, BulkState } from "../../../ui/shared/view.ts";
import { assertEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/**
 * Creates a bulk changer with a fake server, on which every action succeeds except for tasks whose ids begin
 * with `no`.
 */
function changer(undoSeconds = 5) {
  const calls: [BulkAction, readonly string[]][] = [];
  const said: string[] = [];
  const state = signal<BulkState>({ kind: "idle" });
  const send = (action: BulkAction, ids: readonly string[]): Promise<BulkAnswer> => {
    calls.push([action, ids]);
    if (ids.includes("broken")) return Promise.reject(new Error("Cannot reach the server"));
    const failed = ids.filter((id) => id.startsWith("no")).map((id) => ({
      id,
      detail: "The task has not ended",
    }));
    return Promise.resolve({ done: ids.filter((id) => !id.startsWith("no")), failed });
  };
  const cancellations = new Cancellations();
  const announce = (text: string, topic: string) => void said.push(`${topic}: ${text}`);
  const bulk = new BulkChanger(state, { send, announce, cancellations, undoSeconds });
  return { bulk, cancellations, calls, said, state };
}

Deno.test("BulkChanger.change() reports the outcome, and offers to undo a removal for five seconds", async () => {
  using clock = new FakeClock();
  const { bulk, calls, said, state } = changer();
  using _bulk = bulk;
  assertEquals(await bulk.change("remove", ["a", "b"]), []);
  assertEquals(state.value, { kind: "done", text: "2 tasks removed.", isProblem: false, undo: 2 });
  assertEquals(said, ["undo: 2 tasks removed. This can be undone for 5 seconds."]);
  await clock.passAsync(4_999);
  assertEquals(state.value.kind, "done");
  await bulk.undo();
  assertEquals(calls.at(-1), ["restore", ["b", "a"]]);
  assertEquals(state.value, { kind: "done", text: "2 tasks restored.", isProblem: false, undo: 0 });
  await bulk.undo();
  assertEquals(calls.length, 2, "no task is restored twice");
  await clock.passAsync(5_001);
  assertEquals(state.value, { kind: "idle" });
});

Deno.test("BulkChanger.change() returns the ids of tasks that failed, even if the server becomes unreachable", async () => {
  const { bulk, calls, state } = changer();
  using _bulk = bulk;
  assertEquals(await bulk.change("remove", ["a", "no-1", "no-2"]), ["no-1", "no-2"]);
  assertEquals(state.value.kind === "done" && [state.value.undo, state.value.isProblem], [1, true]);
  using clock = new FakeClock();
  const many = Array.from({ length: 2_500 }, (_, index) => index === 1_200 ? "broken" : `t${index}`);
  const change = bulk.change("cancel", many);
  await clock.passAsync(2_000);
  assertEquals(
    (await change).length,
    1_000,
    "the action failed for all tasks of the second batch",
  );
  assertEquals(calls.length, 4);
});

Deno.test("BulkChanger.change() sends all batches of a cancellation before the user has left the page", async () => {
  using _clock = new FakeClock();
  const sent: (readonly string[])[] = [];
  const cancellations = new Cancellations();
  using bulk = new BulkChanger(signal<BulkState>({ kind: "idle" }), {
    send: (_action, ids) => {
      sent.push(ids);
      // The user leaves before a response can arrive.
      return new Promise(() => {});
    },
    announce: () => {},
    cancellations,
    undoSeconds: 5,
  });
  const ids = Array.from({ length: 2_500 }, (_, index) => `t${index}`);
  void bulk.change("cancel", ids);
  cancellations.flush();
  // A page can still send requests in the turn of the event loop in which it is hidden.
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  assertEquals(sent.map(({ length }) => length), [1_000, 1_000, 500]);
  assertEquals(sent.flat(), ids);
});

Deno.test("BulkChanger.undo() undoes all removals whose time is not up", async () => {
  using clock = new FakeClock();
  const { bulk, calls, state } = changer(60);
  using _bulk = bulk;
  const shown = () => state.value.kind === "done" && [state.value.text, state.value.undo];
  // The second removal does not wait for the answer to the first.
  await Promise.all([bulk.change("remove", ["a"]), bulk.change("remove", ["b", "no"])]);
  assertEquals(shown(), ["1 task removed. 1 task could not be removed: The task has not ended.", 2]);
  await clock.passAsync(20_000);
  assertEquals(shown(), ["2 tasks removed.", 2], "Undo is offered for longer than an outcome is shown");
  await bulk.change("remove", ["c", "d"]);
  assertEquals(shown(), ["4 tasks removed.", 4]);
  await bulk.change("retry", ["e"]);
  assertEquals(shown(), ["1 task retried. 4 tasks removed.", 4]);
  bulk.dismiss();
  assertEquals(shown(), ["4 tasks removed.", 4]);
  await clock.passAsync(40_001);
  assertEquals(shown(), ["2 tasks removed.", 2], "the server can no longer restore the first two");
  await bulk.undo();
  assertEquals(calls.at(-1), ["restore", ["d", "c"]]);
  assertEquals(shown(), ["2 tasks restored.", 0]);
});

Deno.test("BulkChanger offers to undo a removal whose outcome is unknown, again if the undo fails as well", async () => {
  using clock = new FakeClock();
  const calls: [BulkAction, readonly string[]][] = [];
  const state = signal<BulkState>({ kind: "idle" });
  let isCut = true;
  using bulk = new BulkChanger(state, {
    send: (action, ids) => {
      calls.push([action, ids]);
      if (isCut) return Promise.reject(new UnknownOutcomeError(new TypeError("connection reset")));
      return Promise.resolve({ done: ids, failed: [] });
    },
    announce: () => {},
    cancellations: new Cancellations(),
    undoSeconds: 5,
  });
  const shown = () => state.value.kind === "done" && [state.value.text, state.value.undo];
  const unknown = "The server did not respond; the change may have been made.";
  assertEquals(await bulk.change("remove", ["a", "b"]), ["a", "b"]);
  assertEquals(shown(), [`2 tasks could not be removed: ${unknown}`, 2]);
  await bulk.undo();
  assertEquals(shown(), [`2 tasks could not be restored: ${unknown} 2 tasks removed.`, 2]);
  isCut = false;
  await bulk.undo();
  assertEquals(shown(), ["2 tasks restored.", 0]);
  assertEquals(calls, [["remove", ["a", "b"]], ["restore", ["b", "a"]], ["restore", ["b", "a"]]]);

  isCut = true;
  await bulk.change("remove", ["c"]);
  const undoing = bulk.undo();
  await clock.passAsync(5_001);
  await undoing;
  assertEquals(state.value.kind === "done" && state.value.undo, 0, "the server can no longer restore it");
});

Deno.test("BulkChanger does not offer an undo that the server does not have", async () => {
  const { bulk, said, state } = changer(0);
  using _bulk = bulk;
  await bulk.change("remove", ["a"]);
  assertEquals(state.value, { kind: "done", text: "1 task removed.", isProblem: false, undo: 0 });
  assertEquals(said, ["list: 1 task removed."]);
});

Deno.test("BulkChanger.change() sends a cancellation after two seconds, unless it is undone or the user leaves", async () => {
  using clock = new FakeClock();
  const { bulk, cancellations, calls, state } = changer();
  using _bulk = bulk;
  const undone = bulk.change("cancel", ["a", "b"]);
  assertEquals(state.value, { kind: "held", text: "Cancelling 2 tasks…", undo: 2 });
  assertEquals([...cancellations.held.value], ["a", "b"]);
  await clock.passAsync(1_999);
  await bulk.undo();
  assertEquals(await undone, ["a", "b"], "the tasks stay selected");
  assertEquals(state.value, { kind: "idle" });

  const partly = bulk.change("cancel", ["a", "b", "c"]);
  cancellations.undo(["b"]);
  await clock.passAsync(2_000);
  assertEquals(await partly, ["b"]);
  const left = bulk.change("cancel", ["d"]);
  cancellations.flush();
  assertEquals(await left, []);
  assertEquals(calls, [["cancel", ["a", "c"]], ["cancel", ["d"]]]);
  assertEquals(cancellations.held.value.size, 0);
});

Deno.test("bulkResultText() states each reason once", () => {
  const reason = "The task has not ended";
  assertEquals(bulkResultText("cancel", 1, []), "1 task asked to stop.");
  assertEquals(bulkResultText("remove", 0, [reason]), "The task has not ended.");
  assertEquals(
    bulkResultText("remove", 3, [reason, reason]),
    "3 tasks removed. 2 tasks could not be removed: The task has not ended.",
  );
  assertEquals(
    bulkResultText("retry", 0, ["The server did not start it", reason]),
    "2 tasks could not be retried: The server did not start it, and other reasons.",
  );
});
