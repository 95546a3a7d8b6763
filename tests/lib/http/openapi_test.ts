/** Tests the API reference: the OpenAPI document is valid, and a real server behaves as documented. */

import { createConfig, lintFromString, loadConfig } from "@redocly/openapi-core";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020";
import { demoTasks } from "../../../lib/demo/mod.ts";
import type { Call } from "../../../lib/http/openapi/call.ts";
import { CALLS } from "../../../lib/http/openapi/calls.ts";
import { SOCKET_CALLS } from "../../../lib/http/openapi/calls/sockets.ts";
import { exampleOf } from "../../../lib/http/openapi/docs.ts";
import { ROUTES } from "../../../lib/http/routes.ts";
import type { TaskDefinition } from "../../../lib/mod.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { spawn } from "../../support/program.ts";
import { rawCall } from "../../support/raw_http.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import { findTool } from "../../support/tools.ts";

const KEY = "the-key-of-this-very-server";
const REPOSITORY = new URL("../../../", import.meta.url);
const bearer = { headers: { authorization: `Bearer ${KEY}` } };

function start(key?: string): TestServer {
  const tasks = Object.fromEntries(
    [...demoTasks({ root: "." })].map(([name, { fn }]) => [name, fn as TaskDefinition]),
  );
  return startServer({ tasks, ...(key !== undefined && { key }) });
}

/** The access that the API reference states, by the access in the route table. */
const DOCUMENTED_ACCESS: Readonly<Record<string, Call["access"]>> = {
  none: "public",
  any: "any",
  read: "read",
  report: "write",
  start: "key",
  cancel: "key",
  remove: "key",
  operate: "key",
};

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: { readonly pattern?: string };
}

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: unknown }>> }>
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly securitySchemes: Readonly<Record<string, { readonly type: string; readonly name?: string }>>;
  };
}

async function documentOf({ url }: TestServer): Promise<Document> {
  const { json } = await call("GET", `${url}/openapi.json`, bearer);
  return json as Document;
}

function operationsOf({ paths }: Document): Operation[] {
  return Object.values(paths).flatMap((path) => Object.values(path));
}

Deno.test("/openapi.json is a valid OpenAPI 3.1 document, whether or not the server has a key", async () => {
  for (const key of [undefined, KEY]) {
    await using server = start(key);
    const { valid, errors } = await new Validator().validate(
      structuredClone({ ...await documentOf(server) }),
    );
    assertEquals([valid, errors], [true, undefined]);
  }
});

Deno.test("/openapi.json passes the recommended rules of Redocly's linter", async () => {
  const config = await loadConfig({ configPath: new URL("tests/support/redocly.yaml", REPOSITORY).pathname });
  for (const key of [undefined, KEY]) {
    await using server = start(key);
    const source = JSON.stringify(await documentOf(server));
    const problems = await lintFromString({ source, absoluteRef: "/openapi.json", config });
    assertEquals(problems.map(({ ruleId, message }) => `${ruleId}: ${message}`), []);
  }
  const [missing] = await lintFromString({
    source: '{"openapi":"3.1.0","paths":{}}',
    absoluteRef: "/openapi.json",
    config: await createConfig({ extends: ["recommended"] }),
  });
  assertEquals(missing?.ruleId, "struct", "the linter reports a missing field");
});

Deno.test("/openapi.json has no two paths that match the same URL", async () => {
  await using server = start();
  const { paths } = await documentOf(server);
  const templates = Object.entries(paths).map(([path, operations]) => {
    const [{ parameters }] = Object.values(operations) as [Operation];
    return path.split("/").map((segment): string | RegExp => {
      const name = /^\{(\w+)\}$/.exec(segment)?.[1];
      if (name === undefined) return segment;
      return new RegExp(parameters.find((each) => each.name === name)?.schema.pattern ?? "");
    });
  });
  const overlap = (one: string | RegExp, other: string | RegExp): boolean => {
    if (typeof one === "string") return typeof other === "string" ? one === other : other.test(one);
    return typeof other === "string" ? one.test(other) : true;
  };
  const ambiguous = templates.flatMap((one, index) =>
    templates.slice(index + 1).filter((other) =>
      one.length === other.length && one.every((segment, place) => overlap(segment, other[place]!))
    ).map((other) => `${one.join("/")} and ${other.join("/")}`)
  );
  assertEquals(ambiguous, []);
});

Deno.test("/openapi.json lists its security schemes, which are optional on a server without a key", async () => {
  await using open = start();
  for (const { operationId, security } of operationsOf(await documentOf(open))) {
    assert(security.some((each) => Object.keys(each).length === 0), operationId);
  }
  await using keyed = start(KEY);
  const document = await documentOf(keyed);
  assertEquals(
    Object.entries(document.components.securitySchemes).map(([id, { type, name }]) => [id, type, name]),
    [
      ["key", "http", undefined],
      ["session", "apiKey", "__Host-taskscope"],
      ["sharedLink", "apiKey", "__Host-taskscope-share"],
      ["subprotocol", "apiKey", "Sec-WebSocket-Protocol"],
    ],
  );
  const anonymous = operationsOf(document).filter(({ security }) =>
    security.some((each) => Object.keys(each).length === 0)
  );
  assertEquals(anonymous.map(({ operationId }) => operationId), ["getHealth"]);
});

Deno.test("/openapi.json describes each operation's refusals as problems, and the format of its path parameters", async () => {
  await using server = start();
  for (const { operationId, parameters, responses } of operationsOf(await documentOf(server))) {
    assert("application/problem+json" in responses["400"]!.content!, operationId);
    for (const { in: place, name, schema } of parameters) {
      if (place === "path" && name !== "name") assert(schema.pattern !== undefined, `${operationId} ${name}`);
    }
  }
});

Deno.test("/openapi.json responds with 304 if the client has the current version", async () => {
  await using server = start();
  const first = await call("GET", `${server.url}/openapi.json`);
  const headers = { "if-none-match": first.headers.get("etag")! };
  assertEquals((await call("GET", `${server.url}/openapi.json`, { headers })).status, 304);
  assertEquals(
    (await call("GET", `${server.url}/openapi.json`, { headers: { "if-none-match": '"x"' } })).status,
    200,
  );
});

Deno.test("/openapi.json describes every route that programs use, with the access of the route table", () => {
  // The document omits pages and their files, modules to import, the API reference itself, and the protocol
  // of the client libraries.
  const isOther = ({ path, isPage, requires }: typeof ROUTES[number]) =>
    isPage || requires === "sign_in" ||
    /^\/(assets|(v[^/]+\/)?monitored\.|npm|python|simple|taskscope\.py|v\{version\}|openapi\.json|report|ws\/report)/
      .test(path);
  const routes = ROUTES.filter((route) => !isOther(route)).map((route) => [
    `${route.method} ${route.path}`,
    route.isSocket && route.access === "read" ? "socket" : DOCUMENTED_ACCESS[route.access as string],
  ]);
  const documented = [...CALLS, ...SOCKET_CALLS.calls]
    .map(({ method, path, access }) => [`${method.toUpperCase()} ${path}`, access]);
  assert(routes.length > 25);
  assertEquals(documented.map(String).sort(), routes.map(String).sort());
});

Deno.test("/openapi.json has every call for programs in the table of SECURITY.md, with the same access", async () => {
  const text = await Deno.readTextFile(new URL(".github/SECURITY.md", REPOSITORY));
  const [, columns] = /^\| call *\|(.*)\|$/m.exec(text)!;
  const names = columns!.split("|").map((name) => name.trim());
  const rows = [...text.matchAll(/^\| `(GET|POST|PATCH|DELETE|WS) ([^`?]*)(?:\?[^`]*)?` *\|(.*)\|$/gm)]
    .map(([, method, path, cells]) => ({
      name: `${method} ${path}`,
      statuses: new Map(cells!.split("|").map((cell, index) => [names[index], Number(cell)])),
    }))
    .filter(({ name }) =>
      !/ \/(t\/|stats\/|share\/|s\/|sign-|assets|monitored|v\{|npm|python|simple|taskscope|install|report|ws\/report|docs|openapi|$)/
        .test(name)
    );
  assert(rows.length > 20);
  const access = rows.map(({ name, statuses }) => {
    const isGood = (column: string) => statuses.get(column)! < 400;
    if (isGood("no key")) return [name, "public"];
    if (isGood("other client")) return [name, "any"];
    if (isGood("read token")) return [name, name.startsWith("WS") ? "socket" : "read"];
    return [name, isGood("write token") ? "write" : "key"];
  });
  const documented = [
    ...CALLS.map(({ method, path, access }) => [`${method.toUpperCase()} ${path}`, access]),
    ...SOCKET_CALLS.calls.map(({ path, access }) => [`WS ${path}`, access]),
  ];
  assertEquals(documented.map(String).sort(), access.map(String).sort());
});

Deno.test("/docs: the example of a WebSocket sends the key of a server that requires one", () => {
  for (const each of SOCKET_CALLS.calls) {
    const [tool, rest] = exampleOf(each, "ws://host", false).split(" -c ");
    assertEquals(tool, "npx -y wscat");
    assertEquals(
      exampleOf(each, "ws://host", true),
      `${tool} -H "authorization: Bearer $TASKSCOPE_KEY" -c ${rest}`,
    );
  }
});

Deno.test("/docs: every example runs in a shell, and its response matches the document", async () => {
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
    // A stream ends only when curl's --max-time has passed.
    assert(code === 0 || (code === 28 && line.includes("--max-time")), `${line}\n${stderr}`);
    const [, body = "", status = "", type = ""] = /^([\s\S]*)\n(\d+) ?(.*)$/.exec(stdout) ?? [];
    assertEquals(Number(status) in each.responses, true, `${line}\n${stdout}`);
    const { content = {} } = paths[each.path]![each.method]!.responses[status]!;
    const [documentedType] = Object.keys(content);
    assertEquals(type.split(";")[0], documentedType ?? "", line);
    if (documentedType !== "application/json") continue;
    const schema = JSON.parse(
      JSON.stringify(content[documentedType]!.schema).replaceAll('"#/', '"document#/'),
    );
    assert(ajv.validate(schema, JSON.parse(body)), `${line}\n${body}\n${ajv.errorsText()}`);
  }
  // Shut down the monitor, because otherwise the retried demo task would run on after the test.
  await server.monitor.shutdown();
});

Deno.test("/docs is a page with every call, and requires the key if there is one", async () => {
  await using server = start();
  const page = await call("GET", `${server.url}/docs`);
  assertEquals(page.status, 200);
  assertMatch(page.headers.get("content-security-policy") ?? "", /^default-src 'none'; script-src 'self'/);
  assertStringIncludes(page.text, "<h1>API reference</h1>");
  assertStringIncludes(page.text, "<title>API reference · Taskscope</title>");
  const overview =
    /<table class="docs-overview">(.*?)<\/table>/s.exec(page.text)?.[1]?.replaceAll("<wbr/>", "") ?? "";
  for (const { method, path, summary } of [...CALLS, ...SOCKET_CALLS.calls] as readonly Call[]) {
    assertStringIncludes(page.text, `<code>${path}</code>`);
    const name = path.startsWith("/ws/") ? "WS" : method.toUpperCase();
    assertStringIncludes(overview, `<code>${name} ${path}</code>`);
    assertStringIncludes(overview, summary);
  }
  for (const field of ["eta_reason", "expires_in", "stale_after", "cursor_gone"]) {
    assertStringIncludes(page.text, `<code>${field}</code>`);
  }
  const anchors = new Set([...page.text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  for (const [, target] of page.text.matchAll(/href="#([^"]+)"/g)) assert(anchors.has(target), target);
  assertStringIncludes(page.text, "import { createMonitor }");
  const scripts = page.text.match(/<script\b[^>]*>/g)!;
  assertEquals(scripts.length, 1);
  assertMatch(scripts[0]!, /^<script type="module" src="\/assets\/copy-\w+\.js">$/);
  assertEquals(page.text.includes("`"), false, "backticks are rendered as code");
  await using keyed = start(KEY);
  assertEquals((await call("GET", `${keyed.url}/openapi.json`)).status, 401);
  assertMatch(
    (await call("GET", `${keyed.url}/docs`)).headers.get("location") ?? "",
    /^\/sign-in\?to=%2Fdocs$/,
  );
  const keyedPage = await call("GET", `${keyed.url}/docs`, bearer);
  assertStringIncludes(keyedPage.text, "$TASKSCOPE_KEY");
  assertStringIncludes(keyedPage.text, "Access: the key or a read token.");
});

Deno.test("/docs and /openapi.json name the address that the request was sent to, one after the other", async () => {
  await using server = start();
  const names = ["127.0.0.1", "localhost", "127.0.0.1"].map((name) => `${name}:${server.port}`);
  for (const name of names) {
    for (const path of ["/docs", "/openapi.json"]) {
      const { status, body } = await rawCall(server.port, "GET", path, [["Host", name]]);
      assertEquals([status, ...names.map((each) => body.includes(`http://${each}`))], [
        200,
        ...names.map((each) => each === name),
      ], `${path} at ${name}`);
    }
  }
});
