import { LiveTasks } from "../../lib/live_tasks.ts";
import { HTTP_REPORTER_ID } from "../../lib/registry_types.ts";
import { assertEquals } from "../support/assert.ts";
import { TestReporter } from "../support/registry.ts";

const here = new TestReporter("here");
const remote = new TestReporter("remote", true);

Deno.test("LiveTasks.localCount leaves out what goes on without this process, also once it has ended", () => {
  const live = new LiveTasks(() => []);
  live.add("c", "local", here.id, here, 0);
  live.add("c", "unowned", null, null, 0);
  live.add("c", "remote", remote.id, remote, 0);
  live.add("c", "away", "another", null, 0);
  live.add("c", "http", HTTP_REPORTER_ID, null, 0);
  assertEquals(live.localCount, 2);
  for (const id of ["local", "remote", "remote", "unknown"]) live.delete("c", id);
  assertEquals([live.localCount, live.all().map(({ id }) => id)], [1, ["unowned", "away", "http"]]);
  live.clear();
  assertEquals([live.localCount, live.get("c", "away")], [0, undefined]);
});

Deno.test("LiveTasks.add() notes since when a reporter is away, but of none that can't be reached at all", () => {
  const live = new LiveTasks(() => []);
  live.add("c", "local", here.id, here, 5);
  live.add("c", "unowned", null, null, 5);
  live.add("c", "remote", remote.id, remote, 5);
  live.add("c", "away", "another", null, 5);
  live.add("c", "http", HTTP_REPORTER_ID, new TestReporter(HTTP_REPORTER_ID, true), 5);
  const known = live.all().map(({ id, reporter, awaySince }) => [id, reporter?.id ?? null, awaySince]);
  assertEquals(known, [
    ["local", "here", null],
    ["unowned", null, null],
    ["remote", "remote", null],
    ["away", null, 5],
    ["http", null, null],
  ]);
  assertEquals(live.ownedBy("another").map(({ id }) => id), ["away"]);
});
