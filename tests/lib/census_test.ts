import { Census } from "../../lib/census.ts";
import { LimitError } from "../../lib/errors.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

const LIMITS = { clients: 2, liveTasksPerClient: 3, endedTasksPerClient: 2, endedTasks: 3 };

/** Begins and ends tasks of a client; gives back all that had to go. */
function run(census: Census, client: string, ...ids: string[]): string[] {
  return ids.flatMap((id) => {
    census.begin(client);
    return census.end(client, id).map((over) => {
      census.forget(over.client, over.id);
      return `${over.client}/${over.id}`;
    });
  });
}

Deno.test("Census.begin() refuses what is over a bound, by the name of the bound", () => {
  const census = new Census(LIMITS);
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
  assertEquals([census.fullness("a")?.limit, census.fullness("b"), census.fullness("c")?.limit], [
    "liveTasksPerClient",
    null,
    "clients",
  ]);
  assertEquals(census.clients(), ["a", "b"]);
});

Deno.test("Census.end() makes room, and names the oldest ended tasks that are over the bounds", () => {
  const census = new Census(LIMITS);
  assertEquals(run(census, "a", "1", "2"), []);
  assertEquals(run(census, "a", "3"), ["a/1"]);
  assertEquals(run(census, "b", "4"), []);
  assertEquals(run(census, "b", "5"), ["a/2"], "four ended tasks in all");
  assertEquals(run(census, "b", "6"), ["b/4"], "three ended tasks of one client");
});

Deno.test("Census.end() keeps none where the bound is 0", () => {
  for (const bound of [{ endedTasksPerClient: 0 }, { endedTasks: 0 }]) {
    const census = new Census({ ...LIMITS, ...bound });
    assertEquals(run(census, "a", "1", "2"), ["a/1", "a/2"]);
    assertEquals(census.clients(), []);
  }
});

Deno.test("Census.forget() makes room for other clients once all tasks are gone", () => {
  const census = new Census(LIMITS);
  run(census, "a", "1");
  census.begin("b");
  census.forget("a", "1");
  assertEquals(census.clients(), ["b"]);
  census.begin("c");
  census.forget("unknown", "1");
  assertEquals(census.clients(), ["b", "c"]);
});
