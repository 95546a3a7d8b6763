import fc from "fast-check";
import { Retention } from "../../../lib/registry/retention.ts";
import { LimitError } from "../../../lib/errors.ts";
import type { EndedTask } from "../../../lib/store/store.ts";
import { assertEquals, assertGreater, assertThrows } from "../../support/assert.ts";

const LIMITS = { clients: 2, liveTasksPerClient: 3, endedTasksPerClient: 2, endedTasks: 3 };

/** A time before the end of every task, so that no task is removed because of its age. */
const NEVER = -Infinity;

function ended(name: string, endedAt = 0): EndedTask {
  const [client = "", id = ""] = name.split("/");
  return { client, id, endedAt };
}

/** Removes the tasks beyond the limits after a task of the client has ended; returns the removed tasks. */
function removeExcess(retention: Retention, client: string, endedBefore = NEVER): string[] {
  const gone: string[] = [];
  for (let key = retention.excess(endedBefore, client); key; key = retention.excess(endedBefore, client)) {
    retention.forget(key.client, key.id);
    gone.push(`${key.client}/${key.id}`);
  }
  return gone;
}

/** Starts and ends tasks of a client, and returns all tasks that were removed. */
function run(retention: Retention, client: string, ...ids: string[]): string[] {
  return ids.flatMap((id) => {
    retention.begin(client);
    retention.end(ended(`${client}/${id}`));
    return removeExcess(retention, client);
  });
}

Deno.test("Retention.begin() throws an error that names the limit that is reached", () => {
  const retention = new Retention(LIMITS);
  for (let i = 0; i < 3; i++) retention.begin("a");
  const tooMany = assertThrows(() => retention.begin("a"), LimitError);
  assertEquals([tooMany.limit, tooMany.message], [
    "liveTasksPerClient",
    "Cannot create task: the client has 3 unfinished tasks, which is the limit",
  ]);
  retention.begin("b");
  const tooManyClients = assertThrows(() => retention.begin("c"), LimitError);
  assertEquals([tooManyClients.limit, tooManyClients.message], [
    "clients",
    "Cannot create task: 2 clients have tasks, which is the limit",
  ]);
  assertEquals([
    retention.limitError("a")?.limit,
    retention.limitError("b"),
    retention.limitError("c")?.limit,
  ], [
    "liveTasksPerClient",
    null,
    "clients",
  ]);
  assertEquals(retention.clients(), ["a", "b"]);
});

Deno.test("Retention.adopt() and addEnded() count existing tasks even beyond the limits", () => {
  const retention = new Retention({ ...LIMITS, clients: 1, liveTasksPerClient: 1 });
  assertEquals(retention.isEmpty, true);
  for (let i = 0; i < 5; i++) retention.adopt("a");
  for (const id of ["1", "2", "3"]) retention.addEnded(ended(`b/${id}`));
  assertEquals([retention.clients(), retention.isEmpty], [["a", "b"], false]);
  assertEquals([retention.limitError("a")?.limit, retention.limitError("c")?.limit], [
    "liveTasksPerClient",
    "clients",
  ]);
  assertEquals(removeExcess(retention, "b"), ["b/1"]);
  for (let i = 0; i < 5; i++) retention.end(ended(`a/${i}`));
  assertEquals(retention.limitError("a"), null);
  assertEquals(removeExcess(retention, "a"), ["a/0", "a/1", "a/2", "b/2"]);
});

Deno.test("Retention.excess() selects the oldest ended tasks beyond the limit of a client and beyond the total limit", () => {
  const retention = new Retention(LIMITS);
  assertEquals(run(retention, "a", "1", "2"), []);
  assertEquals(run(retention, "a", "3"), ["a/1"]);
  assertEquals(run(retention, "b", "4"), []);
  assertEquals(run(retention, "b", "5"), ["a/2"], "four ended tasks in all");
  assertEquals(run(retention, "b", "6"), ["b/4"], "three ended tasks of one client");
});

Deno.test("Retention.excess() selects every ended task if the limit is 0", () => {
  for (const bound of [{ endedTasksPerClient: 0 }, { endedTasks: 0 }]) {
    const retention = new Retention({ ...LIMITS, ...bound });
    assertEquals(run(retention, "a", "1", "2"), ["a/1", "a/2"]);
    assertEquals([retention.clients(), retention.isEmpty], [[], true]);
  }
});

Deno.test("Retention.excess() selects the oldest task of any client that ended before a given time", () => {
  const retention = new Retention({ ...LIMITS, endedTasks: 10, endedTasksPerClient: 10 });
  retention.addEnded(ended("a/1", 100));
  retention.addEnded(ended("b/1", 200));
  retention.addEnded(ended("a/2", 300));
  assertEquals(retention.excess(100), undefined, "the task ended at that time, not before it");
  assertEquals(retention.excess(100.5), ended("a/1", 100));
  assertEquals(retention.excess(100.5, "unknown"), ended("a/1", 100));
  retention.forget("a", "1");
  assertEquals([retention.excess(100.5), retention.excess(1_000)?.client], [undefined, "b"]);
  assertEquals(removeExcess(retention, "a", 1_000), ["b/1", "a/2"]);
  assertEquals([retention.excess(Infinity), retention.isEmpty], [undefined, true]);
});

Deno.test("Retention.excess() without a client selects the oldest task beyond the total limit", () => {
  const retention = new Retention(LIMITS);
  for (const id of ["1", "2", "3"]) retention.addEnded(ended(`a/${id}`, 100));
  assertEquals(retention.excess(NEVER), undefined);
  retention.addEnded(ended("b/1", 100));
  assertEquals(retention.excess(NEVER)?.id, "1");
});

Deno.test("Retention.restore() counts the age of a task from its end", () => {
  const retention = new Retention({ ...LIMITS, endedTasks: 10, endedTasksPerClient: 10 });
  const old = ended("a/old", 100);
  retention.addEnded(old);
  retention.addEnded(ended("b/young", 200));
  assertEquals([retention.forget("a", "old"), retention.forget("a", "old"), retention.clients()], [
    old,
    undefined,
    [
      "b",
    ],
  ]);
  retention.restore(old);
  assertEquals(retention.clients(), ["b", "a"]);
  assertEquals(retention.excess(100), undefined);
  assertEquals(retention.excess(150), old);
  retention.forget("a", "old");
  assertEquals(retention.excess(150), undefined, "a restored task is listed only once");
  retention.restore(old);
  assertEquals(removeExcess(retention, "a", 250), ["b/young", "a/old"]);
  assertEquals(retention.isEmpty, true);
});

Deno.test("Retention.excess() selects a restored task last", () => {
  const retention = new Retention({ ...LIMITS, endedTasks: 2, endedTasksPerClient: 2 });
  for (const id of ["1", "2"]) retention.addEnded(ended(`a/${id}`, Number(id)));
  retention.forget("a", "1");
  retention.addEnded(ended("a/3", 3));
  retention.restore(ended("a/1", 1));
  assertEquals(removeExcess(retention, "a"), ["a/2"], "a restored task is removed last");
});

Deno.test("Retention.forget() makes room for another client once a client has no tasks left", () => {
  const retention = new Retention(LIMITS);
  run(retention, "a", "1");
  retention.begin("b");
  retention.forget("a", "1");
  assertEquals(retention.clients(), ["b"]);
  retention.begin("c");
  retention.forget("unknown", "1");
  retention.forget("b", "unknown");
  assertEquals(retention.clients(), ["b", "c"]);
});

Deno.test("Retention selects the same tasks as a naive model", () => {
  const step = fc.record({
    do: fc.constantFrom("begin", "begin", "end", "end", "adopt", "forget", "old"),
    client: fc.constantFrom("a", "b", "c"),
  });
  let forgotten = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const retention = new Retention(LIMITS);
      const live: string[] = [];
      let past: EndedTask[] = [];
      const clients = () => [...new Set([...live, ...past.map(({ client }) => client)])].sort();
      const isLive = (client: string) => live.includes(client);
      const endLive = (client: string) => live.splice(live.indexOf(client), 1);
      for (const [at, { do: what, client }] of steps.entries()) {
        const full = !clients().includes(client) && clients().length >= LIMITS.clients
          ? "clients"
          : live.filter((other) => other === client).length >= LIMITS.liveTasksPerClient
          ? "liveTasksPerClient"
          : undefined;
        assertEquals(retention.limitError(client)?.limit, full);
        if (what === "adopt" || (what === "begin" && full === undefined)) {
          if (what === "adopt") retention.adopt(client);
          else retention.begin(client);
          live.push(client);
        } else if (what === "begin") {
          assertEquals(assertThrows(() => retention.begin(client), LimitError).limit, full);
        } else if (what === "end" && isLive(client)) {
          endLive(client);
          const task = { client, id: `${at}`, endedAt: at };
          past.push(task);
          retention.end(task);
        } else if (what === "forget") {
          const task = past.find((task) => task.client === client);
          past = past.filter((other) => other !== task);
          retention.forget(client, task?.id ?? "unknown");
        }
        const endedBefore = what === "old" ? at - 10 : NEVER;
        for (
          let key = retention.excess(endedBefore, client);
          key;
          key = retention.excess(endedBefore, client)
        ) {
          const own = past.filter((task) => task.client === client);
          const over = own.length > LIMITS.endedTasksPerClient ? own[0] : past[0];
          assertEquals([key.client, key.id], [over?.client, over?.id]);
          past = past.filter((task) => task !== over);
          retention.forget(key.client, key.id);
          forgotten++;
        }
        assertEquals(past.length > LIMITS.endedTasks, false);
        assertEquals(past.some(({ endedAt }) => endedAt < endedBefore), false);
        assertEquals([retention.clients().sort(), retention.isEmpty], [clients(), clients().length === 0]);
      }
    }),
    { numRuns: 1_000 },
  );
  assertGreater(forgotten, 1_000);
});
