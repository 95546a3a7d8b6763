import fc from "fast-check";
import type { Task } from "../../../lib/task/task.ts";
import { readTask, type ServerMessage } from "../../../lib/task/wire.ts";
import { EventReader } from "../../../ui/browser/event_reader.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { exampleTask } from "../../support/example_task.ts";

function event(type: string, data: unknown, id: string | null = null): string {
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n${id === null ? "" : `id: ${id}\n`}\n`;
}

/** Reduces a message to the fields that the tests compare. */
function brief(message: ServerMessage): unknown {
  if (message.type === "task_update") {
    return [message.cursor, message.tasks.map((task) => `${task.id} ${task.version}`), message.removed];
  }
  return message.type === "initial_state" ? [message.type, message.cursor, message.tasks.length] : message;
}

Deno.test("EventReader.push() returns the events of a commit as one message, once the cursor of the commit has arrived", () => {
  const reader = new EventReader();
  assertEquals(reader.push("retry: 1000\n\n: keepalive\n\n"), []);
  assertEquals(reader.push(event("task.started", exampleTask({ id: "a", version: 1 }))), []);
  assertEquals(reader.push(event("log", { id: "a", first: 0, lines: [] })), []);
  assertEquals(reader.push(event("task.removed", { id: "b" })), []);
  const messages = reader.push(event("task.progress", exampleTask({ id: "a", version: 2 }), "e:9"));
  assertEquals(messages.map(brief), [["e:9", ["a 2"], ["b"]]]);
  assertEquals(reader.push(event("log", { id: "a" }, "e:10")).map(brief), [["e:10", [], []]]);
});

Deno.test("EventReader.push() returns an update without changes if the stream says that nothing was missed", () => {
  const reader = new EventReader();
  assertEquals(reader.push("retry: 1000\n\n: watch 0\n: nothing missed\n\n").map(brief), [[null, [], []]]);
});

Deno.test("EventReader.push() drops the record of a task that is removed later, and keeps a record that follows a removal", () => {
  const reader = new EventReader();
  const gone = event("task.finished", exampleTask({ id: "a" })) + event("task.removed", { id: "a" }, "e:1");
  assertEquals(reader.push(gone).map(brief), [["e:1", [], ["a"]]]);
  const back = event("task.removed", { id: "a" }) +
    event("task.created", exampleTask({ id: "a", version: 1 }), "e:2");
  assertEquals(reader.push(back).map(brief), [["e:2", ["a 1"], ["a"]]]);
});

Deno.test("EventReader.push() returns the same messages about the connection as a WebSocket", () => {
  const reader = new EventReader();
  const messages = reader.push(
    event("resync", { type: "resync" }) +
      event("initial_state", {
        type: "initial_state",
        active_tasks: [],
        all_tasks: { a: exampleTask({ id: "a" }) },
        cursor: "f:1",
      }, "f:1") +
      event("degraded", { type: "degraded", detail: "full" }) + event("closing", { type: "closing" }) +
      event("later", { type: "of another version" }),
  );
  assertEquals(messages.map(brief), [
    { type: "resync" },
    ["initial_state", "f:1", 1],
    { type: "degraded", detail: "full" },
    { type: "closing" },
    { type: "unknown" },
  ]);
});

Deno.test("EventReader.push() reads data with the line separators of Unicode, and fields without a space", () => {
  for (const name of ["a\u2028b", "\u2029", "a:b: c", " a"]) {
    const [message] = new EventReader().push(event("task.progress", exampleTask({ id: "a", name }), "e:1"));
    assertEquals(message?.type === "task_update" && message.tasks.map((task) => task.name), [name]);
  }
  const [message] = new EventReader().push('event:closing\ndata:{"type":"closing"}\nunknown\n:comment\n\n');
  assertEquals(message, { type: "closing" });
});

Deno.test("EventReader.push() throws if the data is not JSON", () => {
  assertThrows(() => new EventReader().push("event: task.started\ndata: {\n\n"), SyntaxError);
});

Deno.test("EventReader.push() returns the same messages for any chunks and line endings", () => {
  const change = fc.record({
    id: fc.constantFrom("a", "b", "c"),
    name: fc.string(),
    isRemoval: fc.boolean(),
    hasCursor: fc.boolean(),
  });
  fc.assert(fc.property(
    fc.array(change),
    fc.array(fc.nat(40)),
    fc.constantFrom("\n", "\r\n"),
    (changes, cuts, newline) => {
      const stream = changes.map(({ id, name, isRemoval, hasCursor }, index) =>
        event(
          isRemoval ? "task.removed" : "task.progress",
          isRemoval ? { id } : exampleTask({ id, name, version: index }),
          hasCursor ? `e:${index}` : null,
        )
      ).join("").replaceAll("\n", newline);
      const whole = new EventReader().push(stream);
      const reader = new EventReader();
      const pieces: ServerMessage[] = [];
      let start = 0;
      for (const length of [...cuts, Infinity]) {
        pieces.push(...reader.push(stream.slice(start, start + length)));
        start += length;
      }
      assertEquals(pieces, whole);
      assertEquals(replay(whole), expected(changes));
    },
  ));
});

type Changes = readonly { id: string; name: string; isRemoval: boolean; hasCursor: boolean }[];

/** Returns the tasks after all changes up to the last cursor. */
function expected(changes: Changes): [string, string][] {
  const tasks = new Map<string, string>();
  const last = changes.findLastIndex((change) => change.hasCursor);
  for (const { id, name, isRemoval } of changes.slice(0, last + 1)) {
    if (isRemoval) tasks.delete(id);
    else tasks.set(id, readTask(exampleTask({ id, name }))!.name);
  }
  return [...tasks].toSorted();
}

function replay(messages: readonly ServerMessage[]): [string, string][] {
  const tasks = new Map<string, Task>();
  for (const message of messages) {
    if (message.type !== "task_update") continue;
    for (const id of message.removed) tasks.delete(id);
    for (const task of message.tasks) tasks.set(task.id, task);
  }
  return [...tasks].map(([id, { name }]) => [id, name] as [string, string]).toSorted();
}
