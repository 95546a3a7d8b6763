import fc from "fast-check";
import { Retention } from "../../../lib/registry/retention.ts";
import { LimitError } from "../../../lib/errors.ts";
import type { EndedTask } from "../../../lib/store/store.ts";
import { assertEquals, assertGreater, assertThrows } from "../../support/assert.ts";

const LIMITS = { clients: 2, liveTasksPerClient: 3, endedTasksPerClient: 2, endedTasks: 3 };

/** A time before every end. */
const NEVER = -Infinity;

function ended(name: string, endedAt = 0): EndedTask {
  const [client = "", id = ""] = name.split("/");
  return { client, id, endedAt };
}

/** Removes the excess after the end of a client's task, and returns it. */
function forgetExcess(census: Retention, client: string, endedBefore = NEVER): string[] {
  const gone: string[] = [];
  for (let key = census.excess(endedBefore, client); key; key = census.excess(endedBefore, client)) {
    census.forget(key.client, key.id);
    gone.push(`${key.client}/${key.id}`);
  }
  return gone;
}

/** Starts and ends tasks of a client; returns all tasks that were removed. */
function run(census: Retention, client: string, ...ids: string[]): string[] {
  return ids.flatMap((id) => {
    census.begin(client);
    census.end(ended(`${client}/${id}`));
    return forgetExcess(census, client);
  });
}

Deno.test("Retention.begin() throws an error that names the limit", () => {
  const census = new Retention(LIMITS);
  for (let i = 0; i < 3; i++) census.begin("a");
  const tooMany = assertThrows(() => census.begin("a"), LimitError);
  assertEquals([tooMany.limit, tooMany.message], [
    "liveTasksPerClient",
    "Cannot create task: the client has 3 tasks that have not ended, which is the limit",
  ]);
  census.begin("b");
  const tooManyClients = assertThrows(() => census.begin("c"), LimitError);
  assertEquals([tooManyClients.limit, tooManyClients.message], [
    "clients",
    "Cannot create task: 2 clients have tasks, which is the limit",
  ]);
  assertEquals([census.limitError("a")?.limit, census.limitError("b"), census.limitError("c")?.limit], [
    "liveTasksPerClient",
    null,
    "clients",
  ]);
  assertEquals(census.clients(), ["a", "b"]);
});

Deno.test("Retention.adopt() and addEnded() count existing tasks, whatever the limits", () => {
  const census = new Retention({ ...LIMITS, clients: 1, liveTasksPerClient: 1 });
  assertEquals(census.isEmpty, true);
  for (let i = 0; i < 5; i++) census.adopt("a");
  for (const id of ["1", "2", "3"]) census.addEnded(ended(`b/${id}`));
  assertEquals([census.clients(), census.isEmpty], [["a", "b"], false]);
  assertEquals([census.limitError("a")?.limit, census.limitError("c")?.limit], [
    "liveTasksPerClient",
    "clients",
  ]);
  assertEquals(forgetExcess(census, "b"), ["b/1"]);
  for (let i = 0; i < 5; i++) census.end(ended(`a/${i}`));
  assertEquals(census.limitError("a"), null);
  assertEquals(forgetExcess(census, "a"), ["a/0", "a/1", "a/2", "b/2"]);
});

Deno.test("Retention.excess() selects the oldest ended tasks beyond the limits of a client and of all", () => {
  const census = new Retention(LIMITS);
  assertEquals(run(census, "a", "1", "2"), []);
  assertEquals(run(census, "a", "3"), ["a/1"]);
  assertEquals(run(census, "b", "4"), []);
  assertEquals(run(census, "b", "5"), ["a/2"], "four ended tasks in all");
  assertEquals(run(census, "b", "6"), ["b/4"], "three ended tasks of one client");
});

Deno.test("Retention.excess() selects every ended task if the limit is 0", () => {
  for (const bound of [{ endedTasksPerClient: 0 }, { endedTasks: 0 }]) {
    const census = new Retention({ ...LIMITS, ...bound });
    assertEquals(run(census, "a", "1", "2"), ["a/1", "a/2"]);
    assertEquals([census.clients(), census.isEmpty], [[], true]);
  }
});

Deno.test("Retention.excess() selects the oldest task that ended before a time, of any client", () => {
  const census = new Retention({ ...LIMITS, endedTasks: 10, endedTasksPerClient: 10 });
  census.addEnded(ended("a/1", 100));
  census.addEnded(ended("b/1", 200));
  census.addEnded(ended("a/2", 300));
  assertEquals(census.excess(100), undefined, "not before that time, but at it");
  assertEquals(census.excess(100.5), ended("a/1", 100));
  assertEquals(census.excess(100.5, "unknown"), ended("a/1", 100));
  census.forget("a", "1");
  assertEquals([census.excess(100.5), census.excess(1_000)?.client], [undefined, "b"]);
  assertEquals(forgetExcess(census, "a", 1_000), ["b/1", "a/2"]);
  assertEquals([census.excess(Infinity), census.isEmpty], [undefined, true]);
});

Deno.test("Retention.excess() without a client selects the oldest task beyond the total limit", () => {
  const census = new Retention(LIMITS);
  for (const id of ["1", "2", "3"]) census.addEnded(ended(`a/${id}`, 100));
  assertEquals(census.excess(NEVER), undefined);
  census.addEnded(ended("b/1", 100));
  assertEquals(census.excess(NEVER)?.id, "1");
});

Deno.test("Retention.restore() counts the age of a task from its end", () => {
  const census = new Retention({ ...LIMITS, endedTasks: 10, endedTasksPerClient: 10 });
  const old = ended("a/old", 100);
  census.addEnded(old);
  census.addEnded(ended("b/young", 200));
  assertEquals([census.forget("a", "old"), census.forget("a", "old"), census.clients()], [old, undefined, [
    "b",
  ]]);
  census.restore(old);
  assertEquals(census.clients(), ["b", "a"]);
  assertEquals(census.excess(100), undefined);
  assertEquals(census.excess(150), old);
  census.forget("a", "old");
  assertEquals(census.excess(150), undefined, "it is not remembered twice");
  census.restore(old);
  assertEquals(forgetExcess(census, "a", 250), ["b/young", "a/old"]);
  assertEquals(census.isEmpty, true);
});

Deno.test("Retention.excess() selects a restored task last", () => {
  const census = new Retention({ ...LIMITS, endedTasks: 2, endedTasksPerClient: 2 });
  for (const id of ["1", "2"]) census.addEnded(ended(`a/${id}`, Number(id)));
  census.forget("a", "1");
  census.addEnded(ended("a/3", 3));
  census.restore(ended("a/1", 1));
  assertEquals(forgetExcess(census, "a"), ["a/2"], "who restored it wants to see it");
});

Deno.test("Retention.forget() makes room for another client once a client has no tasks", () => {
  const census = new Retention(LIMITS);
  run(census, "a", "1");
  census.begin("b");
  census.forget("a", "1");
  assertEquals(census.clients(), ["b"]);
  census.begin("c");
  census.forget("unknown", "1");
  census.forget("b", "unknown");
  assertEquals(census.clients(), ["b", "c"]);
});

Deno.test("Retention agrees with a naive model", () => {
  const step = fc.record({
    do: fc.constantFrom("begin", "begin", "end", "end", "adopt", "forget", "old"),
    client: fc.constantFrom("a", "b", "c"),
  });
  let forgotten = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const census = new Retention(LIMITS);
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
        assertEquals(census.limitError(client)?.limit, full);
        if (what === "adopt" || (what === "begin" && full === undefined)) {
          if (what === "adopt") census.adopt(client);
          else census.begin(client);
          live.push(client);
        } else if (what === "begin") {
          assertEquals(assertThrows(() => census.begin(client), LimitError).limit, full);
        } else if (what === "end" && isLive(client)) {
          endLive(client);
          const task = { client, id: `${at}`, endedAt: at };
          past.push(task);
          census.end(task);
        } else if (what === "forget") {
          const task = past.find((task) => task.client === client);
          past = past.filter((other) => other !== task);
          census.forget(client, task?.id ?? "unknown");
        }
        const endedBefore = what === "old" ? at - 10 : NEVER;
        for (let key = census.excess(endedBefore, client); key; key = census.excess(endedBefore, client)) {
          const own = past.filter((task) => task.client === client);
          const over = own.length > LIMITS.endedTasksPerClient ? own[0] : past[0];
          assertEquals([key.client, key.id], [over?.client, over?.id]);
          past = past.filter((task) => task !== over);
          census.forget(key.client, key.id);
          forgotten++;
        }
        assertEquals(past.length > LIMITS.endedTasks, false);
        assertEquals(past.some(({ endedAt }) => endedAt < endedBefore), false);
        assertEquals([census.clients().sort(), census.isEmpty], [clients(), clients().length === 0]);
      }
    }),
    { numRuns: 1_000 },
  );
  assertGreater(forgotten, 1_000);
});
