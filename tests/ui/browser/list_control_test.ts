import { signal } from "@preact/signals";
import { type BulkAnswer, BulkChanger } from "../../../ui/browser/bulk_changer.ts";
import { Cancellations } from "../../../ui/browser/cancellations.ts";
import { createClientPage } from "../../../ui/browser/client_state.ts";
import { ListControl } from "../../../ui/browser/list_control.ts";
import { EVERYTHING } from "../../../ui/shared/list_query.ts";
import { listedTasks, sliceOf } from "../../../ui/shared/list_slice.ts";
import { assertEquals } from "../../support/assert.ts";
import { EXAMPLE_FRAME, NO_ACTIONS } from "../../support/example_page.ts";
import { finishedTask } from "../../support/example_task.ts";

Deno.test("ListControl.change() unselects only the tasks for which the action succeeded", async () => {
  const tasks = ["a", "b", "c", "d", "e"].map((id) => finishedTask({ id }));
  const page = createClientPage({
    ...EXAMPLE_FRAME,
    ...sliceOf(listedTasks(tasks), EVERYTHING, 0, 1),
    problems: [],
    startable: [],
    commands: [],
    gettingStarted: [],
  }, { actions: NO_ACTIONS, onMilestone: () => {} });
  const response = Promise.withResolvers<BulkAnswer>();
  const said = Promise.withResolvers<void>();
  using bulk = new BulkChanger(page.bulk, {
    send: () => response.promise,
    announce: () => said.resolve(),
    cancellations: new Cancellations(),
    undoSeconds: 5,
  });
  using list = new ListControl(page, {
    fetchSlice: () => Promise.reject(new Error("not needed")),
    setAddress: () => {},
    markOpened: () => {},
    onShown: () => {},
    bulk,
    window: { range: signal({ start: 0, end: Infinity, before: 0, after: 0 }), rendered: () => {} },
  });
  for (const id of ["a", "b", "c"]) list.select(id, false);
  list.change("remove");
  // The user goes on while the request is in flight: unselects a task of the action, and selects others.
  for (const id of ["a", "d", "e"]) list.select(id, false);
  const changed = Promise.withResolvers<void>();
  const stop = page.selected.subscribe((ids) => !ids.has("b") && changed.resolve());
  response.resolve({
    done: ["b"],
    failed: ["a", "c"].map((id) => ({ id, detail: "The task has not ended" })),
  });
  await Promise.all([said.promise, changed.promise]);
  stop();
  assertEquals([...page.selected.value], ["c", "d", "e"]);
});
