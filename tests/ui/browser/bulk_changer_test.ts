import { signal } from "@preact/signals";
import { type BulkAnswer, BulkChanger } from "../../../ui/browser/bulk_changer.ts";
import { bulkResultText } from "../../../ui/shared/bulk_text.ts";
import type { BulkAction, BulkState } from "../../../ui/shared/view.ts";
import { assertEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/**
 * Creates a bulk changer with a fake server, on which every action succeeds except for tasks whose ids begin
 * with `no`.
 */
function changer() {
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
  return { bulk: new BulkChanger(state, send, (text) => said.push(text)), calls, said, state };
}

Deno.test("BulkChanger.change() reports the outcome, and offers to undo a removal for five seconds", async () => {
  using clock = new FakeClock();
  const { bulk, calls, said, state } = changer();
  using _bulk = bulk;
  assertEquals(await bulk.change("remove", ["a", "b"]), []);
  assertEquals(state.value, { kind: "done", text: "2 tasks removed.", isProblem: false, undo: 2 });
  assertEquals(said, ["2 tasks removed. This can be undone for a few seconds."]);
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
  const many = Array.from({ length: 2_500 }, (_, index) => index === 1_200 ? "broken" : `t${index}`);
  assertEquals(
    (await bulk.change("cancel", many)).length,
    1_500,
    "the action failed for all tasks from the second batch on",
  );
  assertEquals(calls.length, 3);
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
    bulkResultText("retry", 0, ["It was not started by name", reason]),
    "2 tasks could not be retried: It was not started by name, and other reasons.",
  );
});
