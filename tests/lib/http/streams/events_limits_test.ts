/** Tests event streams of clients that read nothing, and the limits on their slots and on unsent data. */

import { assertEquals, assertMatch } from "../../../support/assert.ts";
import { assertProblem } from "../../../support/calls.ts";
import { HeldServer } from "../../../support/held_server.ts";

/** Sends a request to the handler itself, so that nothing reads the response. */
function request(server: HeldServer, path: string): Response | Promise<Response> {
  const { host } = new URL(server.url);
  return server.handle(new Request(`${server.url}${path}`, { headers: { host } }));
}

Deno.test("Events responds with 503 while too much data waits for clients that read nothing", async () => {
  await using server = new HeldServer({ unsentBytes: 50_000 });
  const ask = () => request(server, "/events/tasks/c");
  const add = (id: string) => {
    server.test.begin("c", id);
    server.test.report("c", id, { type: "finish", result: "x".repeat(20_000) });
  };
  add("1");
  // Streams with the same initial state count its bytes only once.
  const open = [await ask(), await ask(), await ask()];
  assertEquals(open.map(({ status }) => status), [200, 200, 200]);
  add("2");
  assertProblem(await read(await ask()), 503, "limit_reached");
  for (const { body } of open) await body!.cancel();
  const later = await ask();
  assertEquals(later.status, 200);
  await later.body!.cancel();
});

Deno.test("Events disconnects a client whose first message comes late and has no room", async () => {
  for (const path of ["/events/tasks/c", "/events/tasks/c/2", "/events/tasks?watch=c"]) {
    await using server = new HeldServer({ unsentBytes: 50_000 });
    server.test.begin("c", "1");
    server.test.report("c", "1", { type: "finish", result: "x".repeat(20_000) });
    const stuck = await request(server, "/events/tasks/c");
    server.test.begin("c", "2");
    server.test.report("c", "2", { type: "update", status: "y".repeat(20_000) });
    server.store.hold();
    // While its creation is not committed, the state is not sent.
    server.test.begin("c", "3");
    const late = await request(server, path);
    assertEquals(late.status, 200);
    await server.store.commit();
    await server.store.release();
    assertEquals((await late.text()).replace(/^retry: 1000\n\n(?:: watch 0\n)?/, ""), "", path);
    await stuck.body!.cancel();
    const next = await request(server, path);
    assertEquals(next.status, 200);
    await next.body!.cancel();
  }
});

Deno.test("Events keeps the slot of an ended stream until the client has read it", async () => {
  await using server = new HeldServer({ watchers: 1 });
  server.test.run("c", "1");
  const ask = () => request(server, "/events/tasks/c/1");
  const response = await ask();
  assertProblem(await read(await ask()), 503, "limit_reached");
  assertMatch(await response.text(), /event: initial_state\ndata: .*\nid: .*\n\n$/);
  await (await ask()).body!.cancel();
  await (await ask()).body!.cancel();
});

async function read(response: Response) {
  return { status: response.status, headers: response.headers, text: await response.text() };
}
