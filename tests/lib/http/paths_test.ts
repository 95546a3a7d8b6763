/** Tests paths over all routes: percent-encoding, trailing slashes, and errors as pages or as JSON. */

import fc from "fast-check";
import { ROUTES } from "../../../lib/http/routes.ts";
import { paramsIn, RouteTree, segmentsOf } from "../../../lib/http/route_tree.ts";
import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { assertProblem, call } from "../../support/calls.ts";
import { rawCall } from "../../support/raw_http.ts";
import { startServer } from "../../support/server.ts";

const KEY = "the-key-of-this-very-server";
const TREE = new RouteTree(ROUTES);
const PATHS = [...new Set(ROUTES.map(({ path }) => path))];
const VALUES = { client: "web", id: "job:1", name: "a/b é", file: "x y", version: "1.0", token: "t.t" };
/** The header that a browser sends when it opens a URL. */
const BROWSER = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8" };

/** Percent-encodes the characters of a text that `isChosen` selects, and those that must be encoded. */
function encoded(text: string, isChosen: () => boolean): string {
  return Array.from(text, (character) => {
    const must = encodeURIComponent(character) !== character;
    if (!must && !isChosen()) return character;
    return Array.from(new TextEncoder().encode(character), (byte) => `%${byte.toString(16).padStart(2, "0")}`)
      .join("");
  }).join("");
}

/** Fills the parameters of a route's path. */
function filled(path: string, value: (text: string) => string): string {
  return path.replace(/\{(\w+)\}/g, (_, name) => value(VALUES[name as keyof typeof VALUES]));
}

function find(path: string) {
  return TREE.find(segmentsOf(`http://x${path}`, ""));
}

Deno.test("RouteTree.find(): the values of parameters may be percent-encoded in any way", () => {
  fc.assert(fc.property(fc.constantFrom(...PATHS), fc.infiniteStream(fc.boolean()), (path, choices) => {
    const isChosen = () => choices.next().value === true;
    const match = find(filled(path, (value) => encoded(value, isChosen)));
    assert(match !== null, path);
    assertEquals(Object.values(match.resource.routes)[0]?.path, path);
    const params = paramsIn(match);
    for (const [, name] of path.matchAll(/\{(\w+)\}/g)) {
      assertEquals(params[name as keyof typeof VALUES], VALUES[name as keyof typeof VALUES]);
    }
  }));
});

Deno.test("RouteTree.find(): a percent-encoded literal never leads to its route", () => {
  let checked = 0;
  for (const path of PATHS) {
    for (let index = 1; index < path.length; index++) {
      const isParameter = path.lastIndexOf("{", index) > path.lastIndexOf("}", index - 1);
      if (isParameter || path[index] === "/") continue;
      const one = encoded(path[index]!, () => true);
      const match = find(filled(path.slice(0, index) + one + path.slice(index + 1), encodeURIComponent));
      // The changed segment may match a parameter of another route, but never the literal of this route.
      const routes = Object.values(match?.resource.routes ?? {});
      assert(routes.every((route) => route.path !== path), `${path} at ${index}`);
      checked++;
    }
  }
  assert(checked > 300, "every literal is checked");
});

Deno.test("Handler: a path with a trailing slash redirects if it is that of a page, and is refused otherwise", async () => {
  for (const basePath of ["", "/monitor"]) {
    await using server = startServer({ key: KEY, basePath });
    const headers = { authorization: `Bearer ${KEY}` };
    for (const { method, path, isPage } of ROUTES) {
      if (path.endsWith("/")) continue;
      const address = basePath + filled(path, encodeURIComponent);
      const answer = await call(method, `${server.url}${address}/?q=a%2Fb`, { headers });
      if (isPage && method === "GET") {
        assertEquals([answer.status, answer.headers.get("location")], [303, `${address}?q=a%2Fb`]);
        const head = await call("HEAD", `${server.url}${address}/`, { headers });
        assertEquals([head.status, head.headers.get("location")], [303, address]);
      } else {
        // The route may take the empty segment for a missing client or id.
        const missing = TREE.find(segmentsOf(`http://x${address}/`, basePath))?.names.at(-1);
        const isMissing = missing === "client" || missing === "id";
        assertEquals(answer.status, isMissing ? 400 : 404, `${method} ${address}`);
        if (!isMissing) assertStringIncludes(answer.text, "Paths do not end with a slash");
      }
    }
    for (
      const [path, status] of [
        ["//", 404],
        ["/t/", 400],
        ["/t//", 400],
        ["/t/c//", 404],
        ["/tasks/", 400],
        ["/tasks//", 400],
        ["//t/c/", 404],
        ["/unknown/", 404],
        ["/assets/", 404],
      ] as const
    ) {
      const answer = await call("GET", server.url + basePath + path, { headers });
      assertEquals([answer.status, answer.headers.get("location")], [status, null], path);
    }
    assertEquals(server.errors, []);
  }
});

Deno.test("Handler: an error is a page if a browser opened the URL, and JSON for programs", async () => {
  await using server = startServer({ basePath: "/monitor", limits: { restoreWindowMs: 60_000 } });
  const host = `127.0.0.1:${server.port}`;
  const table: readonly (readonly [method: string, path: string, status: number, headers?: object])[] = [
    ["GET", "/", 404],
    ["GET", "/other", 404],
    ["GET", "/monitor/unknown", 404],
    ["GET", "/monitor/tasks/c/unknown", 404],
    ["GET", "/monitor/tasks/c/t/", 404],
    ["GET", "/monitor/assets/unknown", 404],
    ["GET", "/monitor/tasks/c?limit=x", 400],
    ["GET", "/monitor/tasks/a%20b", 400],
    ["GET", "/monitor/events/tasks/c", 403, { "sec-fetch-site": "cross-site" }],
    ["GET", "/monitor/ws/tasks/c", 426],
    ["POST", "/monitor/healthz", 405],
    ["GET", "/monitor/tasks/c?after=other:1", 410],
    ["GET", "/monitor/tasks/c", 421, { host: "evil.example" }],
  ];
  const isPage = (type: string | null) => type === "text/html; charset=utf-8";
  for (const [method, path, status, more = {}] of table) {
    const answer = (accept: Record<string, string>) =>
      rawCall(server.port, method, path, [
        ...Object.entries({ host, "content-length": "0", ...accept, ...more }),
      ]);
    const page = await answer(BROWSER);
    assertEquals([page.status, isPage(page.headers.get("content-type"))], [status, true], path);
    assertStringIncludes(page.headers.get("vary") ?? "", "Accept");
    assertStringIncludes(page.headers.get("content-security-policy") ?? "", "default-src 'none'");
    assertStringIncludes(page.body, 'href="/monitor/"', "there is a way home");
    for (
      const accept of [
        {},
        { accept: "*/*" },
        { accept: "application/json" },
        {
          accept: "application/json, text/html;q=0.5",
        },
        { accept: "text/html;q=0, */*" },
        { accept: "application/problem+json" },
      ]
    ) {
      const program = await answer(accept as Record<string, string>);
      assertEquals(program.status, status);
      assertProblem(program, status, JSON.parse(program.body).code);
      assertStringIncludes(program.headers.get("vary") ?? "", "Accept");
    }
  }
  // A program that accepts JSON gets the error as JSON, even at the URL of a page.
  for (
    const [path, status] of [["/t/c/unknown", 404], ["/t/a%20b", 400], ["/stats/c/unknown", 404]] as const
  ) {
    for (const accept of ["application/json", "application/problem+json", "application/json, */*"]) {
      const { headers, status: got } = await call("GET", `${server.url}/monitor${path}`, {
        headers: { accept },
      });
      assertEquals([got, headers.get("content-type")], [status, "application/problem+json"], path);
    }
  }
  assertEquals(server.errors, []);
});

Deno.test("Handler: a browser that opens any URL without a session is redirected to sign in", async () => {
  await using server = startServer({ key: KEY });
  for (const path of ["/tasks/c?limit=1", "/openapi.json", "/metrics", "/t/c"]) {
    const { status, headers } = await call("GET", server.url + path, { headers: BROWSER });
    assertEquals([status, headers.get("location")], [303, `/sign-in?to=${encodeURIComponent(path)}`]);
    if (path !== "/t/c") assertProblem(await call("GET", server.url + path), 401, "key_needed");
  }
  const answer = await call("GET", `${server.url}/metrics`, {
    headers: { ...BROWSER, authorization: "Bearer some-other-key-of-a-server" },
  });
  assertEquals([answer.status, answer.headers.get("content-type")], [401, "text/html; charset=utf-8"]);
});
