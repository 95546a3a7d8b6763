import fc from "fast-check";
import {
  readChanges,
  readLogPage,
  readMessage,
  readProblem,
  readStartedId,
  readTask,
  readTaskList,
  readTaskMessage,
} from "../../../lib/task/wire.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { exampleTask } from "../../support/example_task.ts";

Deno.test("readTask() returns a valid record unchanged", () => {
  const task = exampleTask({
    eta: 5,
    eta_low: 4,
    eta_high: 6.5,
    expected_duration: 12.5,
    error: { message: "no", type: "Error", stack: "at" },
    metadata: { a: [1] },
    tags: ["x"],
    result: { b: null },
  });
  assertEquals(readTask(JSON.parse(JSON.stringify(task))), task);
});

Deno.test("readTask() replaces values of the wrong type, so that only texts and numbers are rendered", () => {
  const values = fc.oneof(fc.jsonValue(), fc.constant({ type: "script", props: {}, constructor: undefined }));
  const records = fc.dictionary(fc.constantFrom(...Object.keys(exampleTask())), values)
    .map((fields) => ({ ...fields, id: "an-id" }));
  const plain = new Set(["string", "number", "boolean"]);
  fc.assert(fc.property(records, (record) => {
    const task = readTask(record);
    assert(task !== null);
    for (const [key, value] of Object.entries(task)) {
      if (key === "result" || key === "metadata") continue;
      const parts = key === "error" || key === "tags" ? Object.values(value ?? {}) : [value];
      for (const part of parts) {
        assert(part === null || plain.has(typeof part), `${key} is ${JSON.stringify(part)}`);
      }
    }
  }));
});

Deno.test("readTask() returns null for a record without an id", () => {
  for (const value of [null, 1, "task", [], {}, { id: 5 }, { id: "" }]) assertEquals(readTask(value), null);
});

Deno.test("readMessage() reads every kind of message of a delta WebSocket", () => {
  const task = exampleTask();
  const read = (message: unknown) => readMessage(JSON.stringify(message));
  assertEquals(read({ type: "task_update", cursor: "e:4", tasks: [task, 7], removed: ["gone", 8] }), {
    type: "task_update",
    cursor: "e:4",
    tasks: [task],
    removed: ["gone"],
  });
  assertEquals(
    read({ type: "initial_state", cursor: "e:9", active_tasks: [task], all_tasks: { [task.id]: task } }),
    {
      type: "initial_state",
      cursor: "e:9",
      tasks: [task],
    },
  );
  assertEquals(read({ type: "resync" }), { type: "resync" });
  assertEquals(read({ type: "closing", in: 5 }), { type: "closing" });
  assertEquals(read({ type: "degraded", detail: "full" }), { type: "degraded", detail: "full" });
  assertEquals(read({ type: "degraded", detail: null }), { type: "degraded", detail: null });
  assertEquals(read({ type: "degraded", detail: { no: "text" } }), { type: "degraded", detail: null });
  assertEquals(read({ type: "of later" }), { type: "unknown" });
  assertEquals(read(null), { type: "unknown" });
});

Deno.test("readMessage() throws if the text is not JSON", () => {
  assertThrows(() => readMessage("{"), SyntaxError);
});

Deno.test("readLogPage() reads a page of a log, even if its numbers are missing", () => {
  const lines = [{ at: 5, text: "line" }];
  assertEquals(readLogPage({ lines, first: 7, next: 8 }, 3), { lines, first: 7, next: 8 });
  assertEquals(readLogPage({ lines: [{ text: 3 }, null] }, 3), {
    lines: [{ at: 0, text: "3" }, { at: 0, text: "" }],
    first: 3,
    next: 5,
  });
  assertEquals(readLogPage(null, 3), { lines: [], first: 3, next: 3 });
});

Deno.test("readProblem() prefers the detail, then the title, then the status", () => {
  assertEquals(readProblem({ title: "Conflict", detail: "It runs" }, 409), "It runs");
  assertEquals(readProblem({ title: "Conflict" }, 409), "Conflict");
  assertEquals(readProblem("<html>", 502), "The server responded with status 502");
});

Deno.test("readStartedId() reads the id of the started task", () => {
  assertEquals(readStartedId({ task_id: "abc" }), "abc");
  assertEquals(readStartedId(null), null);
});

Deno.test("readTaskMessage() reads the task in messages of a single task's WebSocket, and ignores other messages", () => {
  const task = exampleTask({ id: "t" });
  for (const type of ["initial_state", "state_update"]) {
    assertEquals(readTaskMessage(JSON.stringify({ type, ...task })), task);
  }
  for (const message of ['{"type":"closing"}', '{"type":"later","id":"t"}', "[]", '"t"', "null"]) {
    assertEquals(readTaskMessage(message), null);
  }
  assertThrows(() => readTaskMessage("{"), SyntaxError);
});

Deno.test("readTaskList() and readChanges() read responses over plain HTTP, even if fields are missing", () => {
  const task = exampleTask({ id: "t" });
  const list = { active_tasks: [task], all_tasks: { t: task, u: 5 }, cursor: "e:7" };
  assertEquals(readTaskList(list), { cursor: "e:7", tasks: [task] });
  const changes = { cursor: "e:8", tasks: [task, null], removed: ["x", 5] };
  assertEquals(readChanges(changes), { cursor: "e:8", tasks: [task], removed: ["x"] });
  for (const value of [undefined, null, 5, "text", [], {}]) {
    assertEquals(readTaskList(value), { cursor: null, tasks: [] });
    assertEquals(readChanges(value), { cursor: null, tasks: [], removed: [] });
  }
});
