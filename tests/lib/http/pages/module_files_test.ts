/** Tests how the server serves the module that programs import by URL. */

import { moduleSource } from "../../../../lib/http/pages/module_source.ts";
import { VERSION } from "../../../../lib/version.ts";
import { assert, assertEquals, assertMatch, assertNotEquals } from "../../../support/assert.ts";
import { assertProblem, call } from "../../../support/calls.ts";
import { rawCall } from "../../../support/raw_http.ts";
import { startServer } from "../../../support/server.ts";

const FILES = [
  ["monitored.ts", "text/javascript; charset=utf-8", moduleSource.script],
  ["monitored.js", "text/javascript; charset=utf-8", moduleSource.script],
  ["monitored.d.ts", "application/typescript; charset=utf-8", moduleSource.declarations],
] as const;

const FOLDERS = ["", `v${VERSION}/`];

Deno.test("ModuleFiles serves the same script under two names, with the URL of its type declarations", async () => {
  await using server = startServer();
  for (const folder of FOLDERS) {
    for (const [name, type, body] of FILES) {
      const { status, headers, text } = await call("GET", `${server.url}/${folder}${name}`);
      assertEquals([status, headers.get("content-type"), text], [200, type, body]);
      const types = new URL(headers.get("x-typescript-types")!, `${server.url}/${folder}${name}`);
      assertEquals(types.href, `${server.url}/${folder}monitored.d.ts`);
      assertEquals(headers.get("x-content-type-options"), "nosniff");
    }
  }
  assert(moduleSource.script.length > 10_000 && moduleSource.declarations.length > 1_000);
});

Deno.test("ModuleFiles allows pages of every origin to load its files, but no other files", async () => {
  await using server = startServer();
  const headers = { origin: "https://evil.example" };
  for (const folder of FOLDERS) {
    for (const [name] of FILES) {
      const answer = await call("GET", `${server.url}/${folder}${name}`, { headers });
      assertEquals(answer.headers.get("access-control-allow-origin"), "*");
      assertEquals(answer.headers.get("cross-origin-resource-policy"), "cross-origin");
    }
  }
  for (const path of ["/", "/tasks/c", "/healthz", "/assets/page.js", "/monitored.mjs", `/v${VERSION}/`]) {
    const answer = await call("GET", `${server.url}${path}`, { headers });
    assertEquals(answer.headers.get("access-control-allow-origin"), null, path);
  }
});

function tagOf(headers: Headers): string | undefined {
  return headers.get("etag")?.replace(/^W\//, "");
}

Deno.test("ModuleFiles requires caches to revalidate its files, but lets them keep versioned files forever", async () => {
  await using server = startServer();
  for (const [name, , body] of FILES) {
    const plain = await call("GET", `${server.url}/${name}`);
    assertEquals(plain.headers.get("cache-control"), "no-cache");
    const versioned = await call("GET", `${server.url}/v${VERSION}/${name}`);
    assertEquals(versioned.headers.get("cache-control"), "public, max-age=31536000, immutable");
    // Older versions of Deno compress responses themselves, and make the entity tag weak.
    const etag = tagOf(plain.headers)!;
    assertMatch(etag, /^"[\w-]{43}"$/);
    assertEquals(tagOf(versioned.headers), etag);
    for (const tags of [etag, `W/${etag}`, `"other", ${etag}`, `"a",W/${etag},"b"`]) {
      const again = await call("GET", `${server.url}/${name}`, { headers: { "if-none-match": tags } });
      assertEquals([again.status, again.text, tagOf(again.headers)], [304, "", etag], tags);
    }
    for (const tags of ['"other"', "", etag.slice(1, -1), `${etag}x`]) {
      const again = await call("GET", `${server.url}/${name}`, { headers: { "if-none-match": tags } });
      assertEquals([again.status, again.text], [200, body], tags);
    }
  }
});

Deno.test("ModuleFiles responds to HEAD as to GET, without a body", async () => {
  await using server = startServer();
  for (const [name] of FILES) {
    const got = await call("GET", `${server.url}/${name}`);
    const asked = await call("HEAD", `${server.url}/${name}`);
    assertEquals([asked.status, asked.text], [200, ""]);
    const of = (headers: Headers) =>
      [...headers].filter(([header]) => !/^(date|content-length|transfer-encoding|vary)$/.test(header));
    assertEquals(of(asked.headers), of(got.headers));
  }
});

Deno.test("ModuleFiles serves only its own files, and only in its own version", async () => {
  await using server = startServer();
  const unknown = [
    "/v0.0.0/monitored.js",
    `/v${VERSION}x/monitored.js`,
    `/v${VERSION}`,
    `/v${VERSION}/`,
    `/v${VERSION}/x.js`,
    `/v${VERSION}/monitored.js/x`,
    "/monitored.js/x",
    "/monitored.js/",
    `/v${VERSION}/v${VERSION}/monitored.js`,
  ];
  for (const path of unknown) assertProblem(await call("GET", `${server.url}${path}`), 404, "not_found");
  for (const method of ["POST", "PUT", "DELETE"]) {
    const answer = await call(method, `${server.url}/monitored.js`);
    assertProblem(answer, 405, "method_not_allowed");
    assertEquals(answer.headers.get("allow"), "GET, HEAD");
  }
  const foreign = await rawCall(server.port, "GET", "/monitored.js", [["Host", "evil.example"]]);
  assertProblem(foreign, 421, "wrong_host");
});

Deno.test("ModuleFiles serves its files below the base path, without requiring a key", async () => {
  await using server = startServer({ basePath: "/monitor", authorize: () => false });
  const { status, headers } = await call("GET", `${server.url}/monitor/monitored.ts`);
  assertEquals([status, headers.get("x-typescript-types")], [200, "./monitored.d.ts"]);
  assertProblem(await call("GET", `${server.url}/monitored.ts`), 404, "not_found");
});

Deno.test("moduleSource is the built script of this version", async () => {
  const [script, declarations] = await Promise.all(
    ["monitored.js", "monitored.d.ts"].map((name) =>
      Deno.readTextFile(new URL(`../../../../lib/dist/${name}`, import.meta.url))
    ),
  );
  assertEquals([moduleSource.script, moduleSource.declarations], [script, declarations]);
  assertNotEquals(moduleSource.version, "");
});
