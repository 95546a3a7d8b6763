/** Tests which calls pages of other origins may make (cross-origin resource sharing). */

import { assertEquals } from "../../support/assert.ts";
import { assertProblem } from "../../support/calls.ts";
import { DirectMonitor } from "../../support/direct_monitor.ts";

const FRIEND = "https://friend.example";

/** The paths that pages of other origins may request, with the methods that they may use. */
const SHARED: readonly (readonly [path: string, methods: readonly string[]])[] = [
  ["/tasks/c", ["POST"]],
  ["/tasks/c/t", ["POST", "PATCH"]],
  ["/tasks/c/t/finish", ["POST"]],
  ["/tasks/c/t/fail", ["POST"]],
  ["/tasks/c/t/cancelled", ["POST"]],
  ["/tasks/c/t/logs", ["POST"]],
  ["/report", ["POST"]],
];

/** Calls that pages of other origins may never make. */
const OTHERS: readonly (readonly [method: string, path: string])[] = [
  ["GET", "/tasks/c"],
  ["GET", "/tasks/c/t"],
  ["GET", "/tasks/c/t/logs"],
  ["GET", "/tasks/c/t/history"],
  ["GET", "/healthz"],
  ["GET", "/t/c"],
  ["DELETE", "/tasks/c?state=ERROR"],
  ["DELETE", "/tasks/c/t"],
  ["POST", "/tasks/c/t/cancel"],
  ["POST", "/tasks/c/t/retry"],
  ["POST", "/tasks/c/t/restore"],
  ["POST", "/tasks/c/start/noop"],
  ["POST", "/t/c/start/noop"],
  ["PATCH", "/tasks/c"],
  ["PATCH", "/tasks/c/t/finish"],
  ["POST", "/tasks/c/t/finish/x"],
  ["POST", "/tasks"],
  ["POST", "/x"],
];

function corsOf(headers: Headers): [string, string][] {
  return [...headers].filter(([name]) => name.startsWith("access-control-"));
}

function start(options = {}): DirectMonitor {
  return new DirectMonitor({ allowedOrigins: [FRIEND, "http://localhost:5173"], ...options });
}

Deno.test("Cors.preflight() allows pages of allowed origins to report, and nothing else", async () => {
  await using direct = start();
  const preflight = (path: string, method: string, origin = FRIEND) =>
    direct.ask("OPTIONS", path, { headers: { origin, "access-control-request-method": method } });
  for (const [path, methods] of SHARED) {
    for (const method of methods) {
      for (const origin of [FRIEND, "http://localhost:5173"]) {
        const answer = await preflight(path, method, origin);
        assertEquals([answer.status, answer.text, answer.headers.get("vary")], [204, "", "Origin"]);
        assertEquals(corsOf(answer.headers), [
          ["access-control-allow-headers", "content-type, authorization"],
          ["access-control-allow-methods", methods.join(", ")],
          ["access-control-allow-origin", origin],
          ["access-control-expose-headers", "location, retry-after"],
          ["access-control-max-age", "3600"],
        ]);
      }
    }
    for (const method of ["GET", "DELETE", "PUT", "post", "__proto__", ""]) {
      const answer = await preflight(path, method);
      assertProblem(answer, 405, "method_not_allowed");
      assertEquals(corsOf(answer.headers), [], `${method} ${path}`);
    }
  }
  for (const [method, path] of OTHERS) {
    const answer = await preflight(path, method);
    assertEquals([answer.status >= 400, corsOf(answer.headers)], [true, []], `${method} ${path}`);
  }
});

Deno.test("Cors.preflight() responds with 403 to other origins", async () => {
  await using direct = start();
  const strangers = [
    "https://evil.example",
    "http://friend.example",
    "https://friend.example:444",
    "https://friend.example.evil.example",
    "HTTPS://FRIEND.EXAMPLE",
    "null",
    "*",
    "",
  ];
  for (const [path, methods] of SHARED) {
    for (const origin of strangers) {
      const headers = { origin, "access-control-request-method": methods[0]! };
      const preflight = await direct.ask("OPTIONS", path, { headers });
      const call = await direct.ask(methods[0]!, path, { headers: { origin } });
      for (const answer of [preflight, call]) {
        assertProblem(answer, 403, "foreign_origin");
        assertEquals([corsOf(answer.headers), answer.headers.get("vary")], [[], "Origin"], origin);
      }
    }
  }
  assertEquals(direct.monitor.registry.clients(), [], "nothing has changed");
});

Deno.test("Cors.open() allows pages of allowed origins to read responses to reports, including errors", async () => {
  await using direct = start();
  const wanted = [
    ["access-control-allow-origin", FRIEND],
    ["access-control-expose-headers", "location, retry-after"],
  ];
  const table: [method: string, path: string, body: unknown, status: number][] = [
    ["POST", "/tasks/c", { id: "t" }, 201],
    ["POST", "/tasks/c", { id: "t" }, 200],
    ["POST", "/tasks/c", { id: "t", name: "other" }, 409],
    ["PATCH", "/tasks/c/t", { progress: 5 }, 200],
    ["PATCH", "/tasks/c/t", { progress: "5" }, 400],
    ["POST", "/tasks/c/t/logs", { lines: ["a"] }, 200],
    ["POST", "/tasks/c/unknown/finish", {}, 404],
    ["POST", "/tasks/a:b", {}, 400],
    ["POST", "/tasks/c/__proto__/finish", {}, 400],
    ["POST", "/tasks/c/t/finish", {}, 200],
    ["PATCH", "/tasks/c/t", {}, 409],
  ];
  for (const [method, path, json, status] of table) {
    const answer = await direct.ask(method, path, { json, headers: { origin: FRIEND } });
    assertEquals([answer.status, corsOf(answer.headers)], [status, wanted], `${method} ${path}`);
    assertEquals(answer.headers.get("vary"), "Origin");
  }
  for (const headers of [{}, { origin: "http://127.0.0.1:8000" }]) {
    const answer = await direct.ask("POST", "/tasks/c", { headers });
    assertEquals([answer.status, corsOf(answer.headers)], [201, []]);
    assertEquals(answer.headers.get("vary"), "Origin", "the response differs by origin");
  }
  for (const [method, path] of OTHERS) {
    const answer = await direct.ask(method, path, { headers: { origin: FRIEND } });
    assertEquals(corsOf(answer.headers), [], `${method} ${path}`);
  }
  const shutdown = direct.monitor.shutdown({ graceMs: 0 });
  const closing = await direct.ask("POST", "/tasks/c", { headers: { origin: FRIEND } });
  assertEquals([closing.status, corsOf(closing.headers)], [503, wanted]);
  await shutdown;
});

Deno.test("Cors.preflight() requires no key, and refuses every origin if none is allowed", async () => {
  await using direct = new DirectMonitor({ authorize: () => false });
  const headers = { origin: FRIEND, "access-control-request-method": "POST" };
  const answer = await direct.ask("OPTIONS", "/tasks/c", { headers });
  assertProblem(answer, 403, "foreign_origin");
  await using friendly = start({ authorize: () => false });
  assertEquals((await friendly.ask("OPTIONS", "/tasks/c", { headers })).status, 204);
  const refused = await friendly.ask("POST", "/tasks/c", { headers: { origin: FRIEND } });
  assertProblem(refused, 403, "not_allowed");
  assertEquals(refused.headers.get("access-control-allow-origin"), FRIEND);
  assertEquals(friendly.monitor.registry.clients(), []);
});
