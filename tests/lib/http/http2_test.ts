/** Tests the checks of host and origin for HTTP/2 without TLS, which has `:authority` instead of `Host`. */

import { assert, assertEquals } from "../../support/assert.ts";
import { http2Call } from "../../support/http2.ts";
import { startServer } from "../../support/server.ts";

Deno.test("Guard.checkHost() accepts HTTP/2 without TLS if its authority is an accepted host", async () => {
  await using server = startServer();
  const { port } = server;
  for (const authority of [`127.0.0.1:${port}`, "127.0.0.1", `[::1]:${port}`]) {
    const { status, body } = await http2Call(port, { ":path": "/healthz", ":authority": authority });
    assertEquals([status, JSON.parse(body).status], [200, "ok"], authority);
  }
  const page = await http2Call(port, { ":path": "/t/c", ":authority": `127.0.0.1:${port}` });
  assertEquals([page.status, page.body.startsWith("<!DOCTYPE html>")], [200, true]);
});

Deno.test("Guard.checkHost() refuses HTTP/2 without TLS for every other authority", async () => {
  await using server = startServer();
  const { port } = server;
  await server.monitor.monitored((task) => task.update({ status: "secret" }), { client: "c", id: "t" })();
  const good = `127.0.0.1:${port}`;
  const requests: readonly (readonly [authority: string, host?: string])[] = [
    ["evil.example"],
    [`evil.example:${port}`],
    [`127.0.0.1.evil.example:${port}`],
    [`${good}@evil.example`],
    [`evil@${good}`],
    [`@${good}`],
    [`127.1:${port}`],
    [`2130706433:${port}`],
    ["0.0.0.0"],
    [`evil.example/${good}`],
    ["127.0.0.1:123456"],
    // `:authority` and `Host` must name the same host.
    [good, "evil.example"],
    ["evil.example", good],
    ["evil.example", "evil.example"],
    // Without TLS, such a request cannot be distinguished from an HTTP/1 request without a Host header.
    [`localhost:${port}`],
  ];
  for (const [authority, host] of requests) {
    for (const path of ["/tasks/c", "/tasks/c/t", "/", "/healthz"]) {
      const headers = { ":path": path, ":authority": authority, ...(host !== undefined && { host }) };
      const { status, body } = await http2Call(port, headers);
      // Status 0: the server has reset the stream, because `:authority` is malformed.
      assert([0, 400, 421].includes(status), `${authority} ${host} ${path}: ${status}`);
      assert(!body.includes("secret"));
    }
  }
  assertEquals((await http2Call(port, { ":path": "/healthz", ":authority": "evil.example" })).status, 421);
  const { body } = await http2Call(port, { ":path": "/healthz", ":authority": `localhost:${port}` });
  assertEquals(JSON.parse(body).code, "wrong_host");
  assert(body.includes("use 127.0.0.1"));
  assertEquals(server.errors, []);
});

Deno.test("Guard.checkHost() of HTTP/2 requires an allowed host, with its port", async () => {
  await using server = startServer({ publicUrls: ["http://ci.example:8080"] });
  const statusOf = async (authority: string) =>
    (await http2Call(server.port, { ":path": "/healthz", ":authority": authority })).status;
  assertEquals(await statusOf("ci.example:8080"), 200);
  assertEquals(await statusOf("CI.example:8080"), 200);
  assertEquals(await statusOf("ci.example"), 421);
  assertEquals(await statusOf(`127.0.0.1:${server.port}`), 421);
});

Deno.test("Guard.checkOrigin() compares the Origin of an HTTP/2 request with its authority", async () => {
  await using server = startServer();
  const authority = `127.0.0.1:${server.port}`;
  const statusOf = async (more: Record<string, string>) =>
    (await http2Call(server.port, {
      ":method": "POST",
      ":path": "/tasks/c/unknown/cancel",
      ":authority": authority,
      ...more,
    })).status;
  // The task does not exist, so the status 404 shows that the request has passed the checks.
  assertEquals(await statusOf({}), 404);
  assertEquals(await statusOf({ origin: `http://${authority}` }), 404);
  assertEquals(await statusOf({ origin: "https://evil.example" }), 403);
  assertEquals(await statusOf({ origin: "null" }), 403);
  assertEquals(await statusOf({ "sec-fetch-site": "cross-site" }), 403);
});
