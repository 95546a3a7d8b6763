import { DEFAULT_LIMITS } from "../../../lib/config/limits.ts";
import { LiveTasks } from "../../../lib/registry/live_tasks.ts";
import { HTTP_REPORTER_ID } from "../../../lib/registry/registry_types.ts";
import { MemoryStore } from "../../../lib/store/memory/memory_store.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { assertEquals } from "../../support/assert.ts";
import { TestReporter } from "../../support/registry.ts";

function emptyStore(): MemoryStore {
  return new MemoryStore(DEFAULT_LIMITS, "epoch");
}

const here = new TestReporter("here");
const remote = new TestReporter("remote", true);

Deno.test("LiveTasks.localCount does not count tasks of other processes", () => {
  const live = new LiveTasks(emptyStore());
  live.add("c", "local", { owner: here.id, reporter: here, at: 0 });
  live.add("c", "unowned", { owner: null, reporter: null, at: 0 });
  live.add("c", "remote", { owner: remote.id, reporter: remote, at: 0 });
  live.add("c", "away", { owner: "another", reporter: null, at: 0 });
  live.add("c", "http", { owner: HTTP_REPORTER_ID, reporter: null, at: 0 });
  assertEquals(live.localCount, 2);
  for (const id of ["local", "remote", "remote", "unknown"]) live.delete("c", id);
  assertEquals([live.localCount, live.all().map(({ id }) => id)], [1, ["unowned", "away", "http"]]);
  live.clear();
  assertEquals([live.localCount, live.get("c", "away")], [0, undefined]);
});

Deno.test("LiveTasks.add() records when the reporter disconnected, unless it reports over HTTP and is never connected", () => {
  using clock = new FakeClock();
  clock.pass(3);
  const live = new LiveTasks(emptyStore());
  live.add("c", "local", { owner: here.id, reporter: here, at: 5 });
  live.add("c", "unowned", { owner: null, reporter: null, at: 5 });
  live.add("c", "remote", { owner: remote.id, reporter: remote, at: 5 });
  live.add("c", "away", { owner: "another", reporter: null, at: 5 });
  live.add("c", "http", {
    owner: HTTP_REPORTER_ID,
    reporter: new TestReporter(HTTP_REPORTER_ID, true),
    at: 5,
  });
  const known = live.all().map((
    { id, reporter, disconnectedMs },
  ) => [id, reporter?.id ?? null, disconnectedMs]);
  assertEquals(known, [
    ["local", "here", null],
    ["unowned", null, null],
    ["remote", "remote", null],
    ["away", null, 3],
    ["http", null, null],
  ]);
  assertEquals(live.ownedBy("another").map(({ id }) => id), ["away"]);
});

Deno.test("LiveTasks.ownedBy() returns the tasks of one reporter", () => {
  const live = new LiveTasks(emptyStore());
  const owned = (id: string) => live.ownedBy(id).map(({ id }) => id);
  for (const id of ["a", "b", "c"]) live.add("c", id, { owner: remote.id, reporter: remote, at: 0 });
  live.add("c", "mine", { owner: here.id, reporter: here, at: 0 });
  live.add("c", "nobody's", { owner: null, reporter: null, at: 0 });
  assertEquals([owned("remote"), owned("here"), owned("unknown")], [["a", "b", "c"], ["mine"], []]);
  // The caller may end tasks while it iterates over them.
  for (const { client, id } of live.ownedBy("remote")) if (id !== "b") live.delete(client, id);
  assertEquals(owned("remote"), ["b"]);
  live.delete("c", "b");
  live.delete("c", "b");
  live.delete("c", "nobody's");
  assertEquals([owned("remote"), owned("here")], [[], ["mine"]]);
  live.add("c", "d", { owner: remote.id, reporter: null, at: 0 });
  assertEquals(owned("remote"), ["d"]);
  live.clear();
  assertEquals([owned("remote"), owned("here")], [[], []]);
});
