/** Reports that go to a real server in another process, or what a function would take for one. */

import { RemoteSink } from "../../lib/remote_reporter.ts";
import { wrap } from "../../lib/wrap.ts";
import { assertEquals } from "../support/assert.ts";
import { startServer } from "../support/server.ts";

Deno.test("RemoteSink brings what a function says to the server, and its end before the promise resolves", async () => {
  await using server = startServer();
  using sink = new RemoteSink(server.url);
  const double = wrap(
    async (task, numbers: number[]) => {
      const doubled: number[] = [];
      for await (const number of task.track(numbers, { unit: "numbers" })) {
        task.log(`doubling ${number}`);
        doubled.push(number * 2);
      }
      return doubled;
    },
    { name: "double", tags: ["math"] },
    () => sink,
  );
  assertEquals(await double([1, 2, 3]), [2, 4, 6]);
  const [task] = server.monitor.registry.tasks("default");
  assertEquals([task?.name, task?.state, task?.result, task?.current, task?.log_count, task?.tags], [
    "double",
    "FINISHED",
    [2, 4, 6],
    3,
    3,
    ["math"],
  ]);
  assertEquals(typeof task?.reporter, "string");
  assertEquals(server.errors, []);
});
