import { probeServer } from "../../../ui/browser/probe.ts";
import { TIME_HEADER } from "../../../lib/task/clock_offset.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { HeldTask } from "../../support/calls.ts";
import { startServer } from "../../support/server.ts";
import { TestSocket } from "../../support/socket.ts";
import { assetNames } from "../../../ui/server/assets.ts";

async function probe(url: string) {
  const times: (string | null)[] = [];
  const result = await probeServer(url, ({ headers }) => times.push(headers.get(TIME_HEADER)));
  return { result, times };
}

Deno.test("probeServer() detects another version of the page, and passes on the server's time", async () => {
  await using server = startServer();
  const { result, times } = await probe(`${server.url}/assets/${assetNames.list}`);
  assertEquals(result, "alive");
  assertMatch(times[0] ?? "", /^\d+(\.\d+)?$/);
  assertEquals((await probe(`${server.url}/assets/page-0ldhash0000.js`)).result, "outdated");
});

Deno.test("probeServer() treats a server that is shutting down as dead, although it responds", async () => {
  const held = new HeldTask();
  await using server = startServer();
  const { done } = server.monitor.monitored(held.fn, { name: "held", client: "c" }).start("deaf");
  await using socket = new TestSocket(`${server.url}/ws/tasks/c?mode=delta`);
  await socket.count(1);
  const ended = server.monitor.shutdown({ graceMs: 20_000 });
  await socket.find((message) => message.type === "closing");
  const { result, times } = await probe(`${server.url}/assets/${assetNames.list}`);
  assertEquals([result, times.length], ["dead", 1]);
  held.release();
  await done;
  await ended;
});

Deno.test("probeServer() treats an unreachable server as dead", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const { result, times } = await probe(`http://127.0.0.1:${port}/assets/${assetNames.list}`);
  assertEquals(result, "dead");
  assert(times.length === 0);
});
