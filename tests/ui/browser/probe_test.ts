import { probeServer } from "../../../ui/browser/probe.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { HeldTask } from "../../support/calls.ts";
import { startServer } from "../../support/server.ts";
import { TestSocket } from "../../support/socket.ts";
import { assetNames } from "../../../ui/server/assets.ts";

async function probe(url: string) {
  const dates: (string | null)[] = [];
  const result = await probeServer(url, ({ date }) => dates.push(date));
  return { result, dates };
}

Deno.test("probeServer() detects another version of the page, and passes on the Date header", async () => {
  await using server = startServer();
  const { result, dates } = await probe(`${server.url}/assets/${assetNames.list}`);
  assertEquals(result, "alive");
  assertMatch(dates[0] ?? "", /GMT$/);
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
  const { result, dates } = await probe(`${server.url}/assets/${assetNames.list}`);
  assertEquals([result, dates.length], ["dead", 1]);
  held.release();
  await done;
  await ended;
});

Deno.test("probeServer() treats an unreachable server as dead", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const { result, dates } = await probe(`http://127.0.0.1:${port}/assets/${assetNames.list}`);
  assertEquals(result, "dead");
  assert(dates.length === 0);
});
