/** The document and the page about the calls: sound by themselves, and true of a real server, line by line. */

import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020";
import { type Call, CALLS } from "../../../lib/http/openapi/calls.ts";
import { exampleOf } from "../../../lib/http/openapi/docs.ts";
import { demoTasks } from "../../../lib/demo/mod.ts";
import type { TaskDefinition } from "../../../lib/mod.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { spawn } from "../../support/program.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import { findTool } from "../../support/tools.ts";

const KEY = "the-key-of-this-very-server";
const bearer = { headers: { authorization: `Bearer ${KEY}` } };

function start(key?: string): TestServer {
  const tasks = Object.fromEntries(
    [...demoTasks({ root: "." })].map(([name, { fn }]) => [name, fn as TaskDefinition]),
  );
  return startServer({ tasks, ...(key !== undefined && { key }) });
}

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: unknown }>> }>
  >;
}

async function documentOf({ url }: TestServer) {
  const { json } = await call("GET", `${url}/openapi.json`, bearer);
  return json as { paths: Record<string, Record<string, Operation>>; components: unknown };
}

Deno.test("/openapi.json is a document of OpenAPI 3.1, with a key and without", async () => {
  for (const key of [undefined, KEY]) {
    await using server = start(key);
    const document = await documentOf(server);
    const { valid, errors } = await new Validator().validate(structuredClone(document));
    assertEquals([valid, errors], [true, undefined]);
    assertEquals("security" in document, key !== undefined);
  }
});

Deno.test("/openapi.json is sent again only where it is another one", async () => {
  await using server = start();
  const first = await call("GET", `${server.url}/openapi.json`);
  const headers = { "if-none-match": first.headers.get("etag")! };
  assertEquals((await call("GET", `${server.url}/openapi.json`, { headers })).status, 304);
  assertEquals(
    (await call("GET", `${server.url}/openapi.json`, { headers: { "if-none-match": '"x"' } })).status,
    200,
  );
});

Deno.test("/openapi.json has every call of the table in SECURITY.md that is for programs", async () => {
  const text = await Deno.readTextFile(new URL("../../../.github/SECURITY.md", import.meta.url));
  const calls = [...text.matchAll(/^\| `(GET|POST|PATCH|DELETE) ([^`?]*)(?:\?[^`]*)?`/gm)]
    .map(([, method, path]) => `${method} ${path}`)
    .filter((each) =>
      !/ \/(t\/|stats\/|share\/|s\/|sign-|assets|monitored|v\{|report|docs|openapi|$)/.test(each)
    );
  const documented = new Set(CALLS.map(({ method, path }) => `${method.toUpperCase()} ${path}`));
  assert(calls.length > 20);
  assertEquals(calls.filter((each) => !documented.has(each)), []);
  assertEquals([...documented].filter((each) => !calls.includes(each)), []);
});

Deno.test("/docs: every line can be pasted, and is answered as the document says", async () => {
  const curl = await findTool(["curl"], "A test of the examples");
  const shell = await findTool(["sh"], "A test of the examples");
  if (curl === undefined || shell === undefined) return;
  await using server = start(KEY);
  const { paths, components } = await documentOf(server);
  for (const id of ["backup-2", "backup-3"]) {
    await call("POST", `${server.url}/tasks/default`, {
      ...bearer,
      body: `{"id":"${id}"}`,
      headers: { ...bearer.headers, "content-type": "application/json" },
    });
  }
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: "document", components });
  for (const each of CALLS) {
    const line = exampleOf(each, server.url, true).replace(
      /^curl/,
      "curl -sS -w '\\n%{http_code} %{content_type}'",
    );
    const { code, stdout, stderr } = await spawn(shell, ["-c", line], { env: { TASKSCOPE_KEY: KEY } })
      .ended();
    // Streams end when curl has had enough.
    assert(code === 0 || (code === 28 && line.includes("--max-time")), `${line}\n${stderr}`);
    const [, body = "", status = "", type = ""] = /^([\s\S]*)\n(\d+) ?(.*)$/.exec(stdout) ?? [];
    assertEquals(Number(status) in each.answers, true, `${line}\n${stdout}`);
    const { content = {} } = paths[each.path]![each.method]!.responses[status]!;
    const [documentedType] = Object.keys(content);
    assertEquals(type.split(";")[0], documentedType ?? "", line);
    if (documentedType !== "application/json") continue;
    const schema = JSON.parse(
      JSON.stringify(content[documentedType]!.schema).replaceAll('"#/', '"document#/'),
    );
    assert(ajv.validate(schema, JSON.parse(body)), `${line}\n${body}\n${ajv.errorsText()}`);
  }
  // The demo task that was started once more is to stop with the test.
  await server.monitor.shutdown();
});

Deno.test("/docs is a page that says all of it, and needs the key where there is one", async () => {
  await using server = start();
  const page = await call("GET", `${server.url}/docs`);
  assertEquals(page.status, 200);
  assertMatch(page.headers.get("content-security-policy") ?? "", /^default-src 'none'; script-src 'self'/);
  for (const { path, summary } of CALLS as readonly Call[]) {
    assertStringIncludes(page.text, `<code>${path}</code>`);
    assertStringIncludes(page.text, summary);
  }
  for (const field of ["eta_reason", "expires_in", "stale_after"]) {
    assertStringIncludes(page.text, `<code>${field}</code>`);
  }
  const anchors = new Set([...page.text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  for (const [, target] of page.text.matchAll(/href="#([^"]+)"/g)) assert(anchors.has(target), target);
  assertEquals(page.text.includes("<script"), false);
  await using kept = start(KEY);
  assertEquals((await call("GET", `${kept.url}/openapi.json`)).status, 401);
  assertMatch(
    (await call("GET", `${kept.url}/docs`)).headers.get("location") ?? "",
    /^\/sign-in\?to=%2Fdocs$/,
  );
  assertStringIncludes((await call("GET", `${kept.url}/docs`, bearer)).text, "$TASKSCOPE_KEY");
});
