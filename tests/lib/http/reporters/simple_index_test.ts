/** Tests the package index that pip reads. */

import { VERSION } from "../../../../lib/version.ts";
import { assert, assertEquals, assertMatch } from "../../../support/assert.ts";
import { assertProblem, call } from "../../../support/calls.ts";
import { pip } from "../../../support/pip.ts";
import { rawCall } from "../../../support/raw_http.ts";
import { startServer } from "../../../support/server.ts";
import { findTool } from "../../../support/tools.ts";

const WHEEL = `taskscope-${VERSION}-py3-none-any.whl`;
const HTML = "text/html; charset=utf-8";
const VERSIONED_HTML = "application/vnd.pypi.simple.v1+html";
const JSON_TYPE = "application/vnd.pypi.simple.v1+json";

/** Returns the links of a page: their texts and their URLs. */
function linksOf(html: string): [text: string, href: string][] {
  return [...html.matchAll(/<a href="([^"]*)">([^<]*)<\/a>/g)].map(([, href, text]) => [text!, href!]);
}

/** Fetches a file, and returns its SHA-256 in hexadecimal. */
async function digestOf(url: URL): Promise<string> {
  const response = await fetch(url);
  assertEquals([response.status, response.headers.get("content-type")], [200, "application/zip"]);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await response.arrayBuffer())).toHex();
}

Deno.test("SimpleIndex leads from the projects to the wheels by relative links, below any base path", async () => {
  for (const basePath of ["", "/monitor"]) {
    await using server = startServer({ basePath, authorize: () => false });
    const root = new URL(`${server.url}${basePath}/simple/`);
    const projects = await call("GET", root.href);
    assertEquals([projects.status, projects.headers.get("content-type")], [200, HTML]);
    assertEquals(linksOf(projects.text), [["taskscope", "taskscope/"]]);
    const project = new URL("taskscope/", root);
    const { status, text, headers } = await call("GET", project.href);
    assertEquals([status, headers.get("cache-control")], [200, "no-cache"]);
    // Older versions of Deno compress responses themselves, and add Accept-Encoding to Vary.
    assertMatch(headers.get("vary")!, /\bAccept$/);
    const links = linksOf(text);
    assertEquals(links[0]?.[0], WHEEL);
    for (const [name, href] of links) {
      const url = new URL(href, project);
      const [, digest] = /^#sha256=([0-9a-f]{64})$/.exec(url.hash)!;
      assertEquals(url.pathname, `${basePath}/python/${name}`);
      assertEquals(await digestOf(url), digest);
    }
    assertEquals(server.errors, []);
  }
});

Deno.test("SimpleIndex responds in the format that the client prefers", async () => {
  await using server = startServer();
  const table: readonly (readonly [accept: string, type: string])[] = [
    ["*/*", HTML],
    ["text/html", HTML],
    ["application/json", HTML],
    [`${VERSIONED_HTML}`, `${VERSIONED_HTML}; charset=utf-8`],
    [`${JSON_TYPE}`, JSON_TYPE],
    [`${JSON_TYPE}, ${VERSIONED_HTML}; q=0.1, text/html; q=0.01`, JSON_TYPE],
    [`${JSON_TYPE}; q=0.1, text/html`, HTML],
  ];
  for (const path of ["/simple/", "/simple/taskscope/"]) {
    for (const [accept, type] of table) {
      const { status, headers, text } = await call("GET", server.url + path, { headers: { accept } });
      assertEquals([status, headers.get("content-type")], [200, type], accept);
      assertEquals(text.startsWith("{"), type === JSON_TYPE);
      assertEquals(headers.get("x-content-type-options"), "nosniff");
    }
    const host = `127.0.0.1:${server.port}`;
    const bare = await rawCall(server.port, "GET", path, [["Host", host]]);
    assertEquals(bare.headers.get("content-type"), HTML);
    const long = await call("GET", server.url + path, { headers: { accept: "a,".repeat(8_000) } });
    assertProblem(long, 431, "header_too_large");
    const head = await call("HEAD", server.url + path);
    assertEquals([head.status, head.text], [200, ""]);
  }
  const ask = async (path: string) =>
    (await call("GET", server.url + path, { headers: { accept: JSON_TYPE } })).json;
  assertEquals(await ask("/simple/"), {
    meta: { "api-version": "1.0" },
    projects: [{ name: "taskscope" }],
  });
  const { meta, name, files } = await ask("/simple/taskscope/");
  assertEquals([meta, name, files[0].filename], [{ "api-version": "1.0" }, "taskscope", WHEEL]);
  const url = new URL(files[0].url, `${server.url}/simple/taskscope/`);
  assertEquals(await digestOf(url), files[0].hashes.sha256);
});

Deno.test("SimpleIndex: its paths end with a slash, and other projects do not exist", async () => {
  await using server = startServer({ basePath: "/monitor" });
  for (const path of ["/monitor/simple", "/monitor/simple/taskscope"]) {
    for (const method of ["GET", "HEAD"]) {
      const { status, headers } = await call(method, `${server.url}${path}?a=b`);
      assertEquals([status, headers.get("location")], [303, `${path}/?a=b`]);
    }
    assertProblem(await call("POST", server.url + path), 404, "not_found");
    assertProblem(await call("POST", `${server.url}${path}/`), 405, "method_not_allowed");
  }
  for (
    const path of ["/simple/other/", "/simple/other", "/simple//", "/simple/taskscope//", "/npm", "/npm/"]
  ) {
    assertProblem(await call("GET", `${server.url}/monitor${path}`), 404, "not_found");
  }
});

for (const source of ["--find-links", "--index-url"] as const) {
  Deno.test(`SimpleIndex: pip downloads the package by ${source}, and detects changed bytes`, async () => {
    if (await findTool(["/usr/bin/python3"], "A test of the package index") === undefined) return;
    await using server = startServer({ basePath: "/monitor" });
    const folder = await Deno.makeTempDir();
    try {
      const download = (...args: string[]) => pip(["download", "--dest", folder, ...args]);
      const index = `${server.url}/monitor/simple/`;
      const from = source === "--index-url"
        ? ["--index-url", index]
        : ["--no-index", "--find-links", `${index}taskscope/`];
      const right = await download(...from, "taskscope");
      assertEquals(right.code, 0, right.stderr);
      const file = await Deno.stat(`${folder}/${WHEEL}`);
      assert(file.size > 1_000);
      await Deno.remove(`${folder}/${WHEEL}`);
      const url = `${server.url}/monitor/python/${WHEEL}#sha256=${"0".repeat(64)}`;
      const wrong = await download("--no-index", url);
      assertEquals(wrong.code, 1);
      assertMatch(wrong.stderr, /DO NOT MATCH THE HASHES/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
