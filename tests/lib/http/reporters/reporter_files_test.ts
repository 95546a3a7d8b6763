/** Tests how the server serves the files that programs import or install to report. */

import { FILE_KINDS, ReporterFiles } from "../../../../lib/http/reporters/reporter_files.ts";
import type { Call } from "../../../../lib/http/route.ts";
import { allReleases, type FileContent, type Releases } from "../../../../lib/reporters/release.ts";
import { RELEASES } from "../../../../lib/reporters/releases.ts";
import { VERSION } from "../../../../lib/version.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../../support/assert.ts";
import { assertProblem, call } from "../../../support/calls.ts";
import { rawCall } from "../../../support/raw_http.ts";
import { startServer } from "../../../support/server.ts";

const IMMUTABLE = "public, max-age=31536000, immutable";

interface ServedFile {
  readonly path: string;
  readonly contentType: string;
  readonly content: FileContent;
  readonly version: string;
  /** Whether the path contains the version. */
  readonly isVersioned: boolean;
  readonly isModule: boolean;
}

/** Every file of every version, once for each path under which it is served. */
const FILES: readonly ServedFile[] = Object.values(FILE_KINDS).flatMap((kind) =>
  allReleases(RELEASES).flatMap(({ version, files }) => {
    const content = files[kind.file.replace("{version}", version)];
    if (content === undefined) return [];
    const file = { contentType: kind.contentType, content, version, isModule: "isModule" in kind };
    const own = { ...file, path: kind.path.replace("{version}", version), isVersioned: true };
    return version === VERSION && "present" in kind
      ? [own, { ...file, path: kind.present, isVersioned: false }]
      : [own];
  })
);

function isReleased(version: string): boolean {
  return RELEASES.released.some((release) => release.version === version);
}

/** Older versions of Deno compress responses themselves, and make the entity tag weak. */
function tagOf(headers: Headers): string | undefined {
  return headers.get("etag")?.replace(/^W\//, "");
}

Deno.test("ReporterFiles serves every file of every version with its bytes and its type", async () => {
  await using server = startServer();
  for (const version of [VERSION, "0.1.0"]) {
    const paths = FILES.filter((file) => file.version === version && file.isModule).map(({ path }) => path);
    const wanted = ["ts", "js", "d.ts"].flatMap((extension) => [
      `/v${version}/monitored.${extension}`,
      ...version === VERSION ? [`/monitored.${extension}`] : [],
    ]);
    assertEquals(paths.sort(), wanted.sort());
  }
  for (const { path, contentType, content, isModule } of FILES) {
    const response = await fetch(`${server.url}${path}`);
    const bytes = await response.bytes();
    assertEquals(response.status, 200, path);
    const expected = typeof content === "string" ? new TextEncoder().encode(content) : content;
    assertEquals(bytes, expected, path);
    assert(bytes.length > 1_000, path);
    const { headers } = response;
    assertEquals([headers.get("content-type"), headers.get("x-content-type-options")], [
      contentType,
      "nosniff",
    ]);
    const types = headers.get("x-typescript-types");
    assertEquals(types, isModule ? "./monitored.d.ts" : null, path);
  }
});

Deno.test("ReporterFiles allows pages of every origin to load its files, but no other files", async () => {
  await using server = startServer();
  const headers = { origin: "https://evil.example" };
  for (const { path } of FILES) {
    const answer = await fetch(`${server.url}${path}`, { headers });
    await answer.body?.cancel();
    assertEquals(answer.headers.get("access-control-allow-origin"), "*");
    assertEquals(answer.headers.get("cross-origin-resource-policy"), "cross-origin");
  }
  for (const path of ["/", "/tasks/c", "/healthz", "/assets/page.js", "/monitored.mjs", `/v${VERSION}/`]) {
    const answer = await call("GET", `${server.url}${path}`, { headers });
    assertEquals(answer.headers.get("access-control-allow-origin"), null, path);
  }
});

Deno.test("ReporterFiles lets caches keep the files of released versions forever, and requires them to revalidate others", async () => {
  await using server = startServer();
  for (const { path, version, isVersioned } of FILES) {
    const { headers } = await call("GET", `${server.url}${path}`);
    const isFinal = isVersioned && isReleased(version);
    assertEquals(headers.get("cache-control"), isFinal ? IMMUTABLE : "no-cache", path);
    const etag = tagOf(headers)!;
    assertMatch(etag, /^"[\w-]{43}"$/);
    for (const tags of [etag, `W/${etag}`, `"other", ${etag}`, `"a",W/${etag},"b"`]) {
      const again = await call("GET", `${server.url}${path}`, { headers: { "if-none-match": tags } });
      assertEquals([again.status, again.text, tagOf(again.headers)], [304, "", etag], tags);
    }
    for (const tags of ['"other"', "", etag.slice(1, -1), `${etag}x`]) {
      const again = await call("GET", `${server.url}${path}`, { headers: { "if-none-match": tags } });
      assertEquals(again.status, 200, tags);
    }
  }
  assert(FILES.some(({ isVersioned, version }) => isVersioned && isReleased(version)));
});

Deno.test("ReporterFiles lets caches keep the current version once it is released, and serves its released bytes", () => {
  const present = { version: "2.0.0", files: { "monitored.js": "built" } };
  const released = [{ version: "2.0.0", files: { "monitored.js": "released" } }];
  const request = new Request("http://x/");
  const ask = (releases: Releases, version: string) =>
    new ReporterFiles(releases, "").answer("javaScript", { request, version } as Call, version !== "");
  const cached = (response: Response) => response.headers.get("cache-control");
  const before = { present, released: [] };
  assertEquals([cached(ask(before, "2.0.0")), cached(ask(before, ""))], ["no-cache", "no-cache"]);
  const after = { present, released };
  assertEquals([cached(ask(after, "2.0.0")), cached(ask(after, ""))], [IMMUTABLE, "no-cache"]);
  assertEquals(ask(after, "2.0.0").headers.get("etag"), ask(after, "").headers.get("etag"));
  assert(ask(after, "").headers.get("etag") !== ask(before, "").headers.get("etag"));
});

Deno.test("ReporterFiles responds to HEAD as to GET, without a body", async () => {
  await using server = startServer();
  for (const { path, content } of FILES) {
    const got = await fetch(`${server.url}${path}`);
    await got.body?.cancel();
    const asked = await call("HEAD", `${server.url}${path}`);
    assertEquals([asked.status, asked.text], [200, ""]);
    const of = (headers: Headers) =>
      [...headers].filter(([header]) =>
        !/^(date|taskscope-time|content-length|transfer-encoding|vary)$/.test(header)
      );
    assertEquals(of(asked.headers), of(got.headers));
    if (typeof content !== "string") {
      assertEquals(asked.headers.get("content-length"), `${content.length}`, path);
    }
  }
});

Deno.test("ReporterFiles serves only its own files", async () => {
  await using server = startServer();
  const unknown = [
    `/v${VERSION}`,
    `/v${VERSION}/`,
    `/v${VERSION}/x.js`,
    `/v${VERSION}/monitored.js/x`,
    `/${VERSION}/monitored.js`,
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

Deno.test("ReporterFiles names the current version if a version does not exist", async () => {
  for (const basePath of ["", "/monitor"]) {
    await using server = startServer({ basePath });
    const others = ["0.0.0", `${VERSION}x`, "", "%2E%2E%2F", "constructor", "%7Bversion%7D", "9".repeat(500)];
    for (const { path } of Object.values(FILE_KINDS)) {
      for (const version of others) {
        const asked = path.replace("{version}", version);
        const answer = await fetch(`${server.url}${basePath}${asked}`);
        const text = await answer.text();
        assertProblem({ status: answer.status, headers: answer.headers, text }, 404, "not_found");
        const { detail } = JSON.parse(text);
        assertStringIncludes(detail, `this server has ${basePath}${path.replace("{version}", VERSION)}`);
        assert(detail.length < 200, detail);
      }
    }
    assertEquals(server.errors, []);
  }
});

Deno.test("ReporterFiles serves its files below the base path, without requiring a key", async () => {
  await using server = startServer({ basePath: "/monitor", authorize: () => false });
  const { status, headers } = await call("GET", `${server.url}/monitor/monitored.ts`);
  assertEquals([status, headers.get("x-typescript-types")], [200, "./monitored.d.ts"]);
  assertProblem(await call("GET", `${server.url}/monitored.ts`), 404, "not_found");
});
