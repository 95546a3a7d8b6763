/**
 * Checks the layout of the whole source: which folder may import which, which file may use what, and how long files may be.
 */

import { assert, assertEquals, assertLessOrEqual } from "./support/assert.ts";
import { findCycle, parseSource, reachableFrom, readSources, type Source } from "./support/sources.ts";

const PRODUCTION = await readSources(["main.ts", "lib", "ui"]);
const EVERYTHING = new Map([...PRODUCTION, ...await readSources(["tests"])]);

/** Small files that import nothing but each other. */
const LEAVES = [
  "lib/clock.ts",
  "lib/commit.ts",
  "lib/environment.ts",
  "lib/errors.ts",
  "lib/random_id.ts",
  "lib/timeout.ts",
  "lib/sha256.ts",
  "lib/ulid.ts",
  "lib/unref_interval.ts",
  "lib/version.ts",
];

/**
 * The architecture: which folder, or single file, may import which others, from the bottom up. If a file is in several of
 * these folders, the row with the longest path applies. A file may import all others of its row. `leaves` are
 * {@linkcode LEAVES}.
 */
const DIRECTIONS: Readonly<Record<string, string>> = {
  "leaves": "",
  "lib/threads/": "",
  "lib/task/": "leaves",
  "lib/text/": "lib/task/",
  "lib/page_renderer.ts": "lib/task/",
  "lib/access/": "leaves",
  "lib/reading/": "lib/task/",
  "lib/reporter/": "leaves lib/task/",
  "lib/channel/": "leaves lib/task/ lib/reporter/",
  "lib/remote/": "leaves lib/task/ lib/reporter/ lib/channel/",
  "lib/monitored.ts": "leaves lib/task/ lib/reporter/ lib/channel/ lib/remote/",
  "lib/served.ts": "lib/reporter/ lib/monitored.ts",
  "lib/replica.ts": "leaves lib/task/ lib/channel/",
  "lib/demo/": "lib/threads/ lib/task/ lib/monitored.ts",
  "lib/cluster/": "leaves",
  "lib/store/": "leaves lib/task/ lib/text/",
  "lib/store/memory/": "lib/task/ lib/reporter/ lib/store/",
  "lib/store/database/": "leaves lib/task/ lib/store/",
  "lib/store/sqlite/": "leaves lib/threads/ lib/task/ lib/store/ lib/store/database/",
  "lib/store/postgres/": "leaves lib/task/ lib/reporter/ lib/cluster/ lib/store/ lib/store/database/",
  "lib/registry/": "leaves lib/task/ lib/reporter/ lib/channel/ lib/store/",
  "lib/hub/": "leaves lib/task/ lib/store/ lib/registry/",
  "lib/notify/": "leaves lib/task/ lib/store/",
  "lib/config/": "leaves lib/task/ lib/access/ lib/store/",
  "lib/reporters/": "leaves",
  "lib/http/":
    "leaves lib/task/ lib/access/ lib/config/ lib/hub/ lib/notify/ lib/registry/ lib/reporter/ lib/store/ " +
    "lib/page_renderer.ts lib/remote/ lib/reporters/",
  "lib/http/streams/": "leaves lib/task/ lib/access/ lib/store/ lib/hub/ lib/remote/ lib/http/",
  "lib/http/reports/":
    "leaves lib/task/ lib/access/ lib/registry/ lib/remote/ lib/reporter/ lib/http/ lib/http/streams/",
  "lib/http/tasks/":
    "leaves lib/task/ lib/text/ lib/store/ lib/registry/ lib/hub/ lib/access/ lib/http/ lib/http/reports/",
  "lib/http/operations/": "leaves lib/task/ lib/registry/ lib/http/ lib/http/streams/",
  "lib/http/pages/":
    "leaves lib/task/ lib/access/ lib/config/ lib/page_renderer.ts lib/registry/ lib/reporter/ lib/http/ lib/http/tasks/ " +
    "lib/http/reports/",
  "lib/http/reporters/": "lib/reporters/ lib/http/",
  "lib/http/openapi/":
    "leaves lib/task/ lib/remote/ lib/page_renderer.ts lib/http/ lib/http/tasks/ lib/http/reports/ lib/http/pages/",
  "lib/http/areas.ts":
    "lib/http/ lib/http/tasks/ lib/http/reports/ lib/http/streams/ lib/http/pages/ lib/http/reporters/ " +
    "lib/http/openapi/ lib/http/operations/",
  "lib/http/routes.ts":
    "lib/http/ lib/http/pages/ lib/http/reporters/ lib/http/operations/ lib/http/areas.ts",
  "lib/http/handler.ts":
    "leaves lib/task/ lib/access/ lib/http/ lib/http/operations/ lib/http/areas.ts lib/http/routes.ts",
  "ui/shared/": "lib/task/ lib/text/ lib/page_renderer.ts",
  "ui/components/": "lib/task/ lib/text/ ui/shared/",
  "ui/browser/": "lib/task/ lib/text/ ui/shared/ ui/components/",
  "ui/server/": "lib/task/ lib/text/ lib/page_renderer.ts ui/shared/ ui/components/",
  "lib/monitor/":
    "leaves lib/task/ lib/reporter/ lib/channel/ lib/access/ lib/store/ lib/registry/ lib/hub/ lib/notify/ lib/config/ lib/http/ " +
    "lib/http/handler.ts lib/reporters/ ui/server/",
  "lib/monitor/cluster/":
    "leaves lib/task/ lib/access/ lib/cluster/ lib/config/ lib/http/ lib/reporter/ lib/remote/ lib/registry/ lib/store/ " +
    "lib/store/postgres/ lib/monitor/",
  "lib/monitor/create_monitor.ts":
    "leaves lib/channel/ lib/config/ lib/store/ lib/store/memory/ lib/store/postgres/ lib/store/sqlite/ lib/monitor/ " +
    "lib/monitor/cluster/",
  "lib/mod.ts":
    "leaves lib/task/ lib/channel/ lib/access/ lib/config/ lib/store/ lib/registry/ lib/notify/ lib/http/ lib/monitored.ts lib/monitor/ lib/monitor/create_monitor.ts",
  "lib/cli/": "leaves lib/task/ lib/text/ lib/access/",
  "lib/cli/client/": "leaves lib/task/ lib/text/ lib/reporter/ lib/remote/ lib/cli/",
  "lib/cli/report/": "leaves lib/task/ lib/reading/ lib/reporter/ lib/cli/ lib/cli/client/",
  "lib/cli/run/":
    "leaves lib/task/ lib/access/ lib/reading/ lib/reporter/ lib/remote/ lib/cli/ lib/cli/client/",
  "lib/cli/serve/":
    "leaves lib/threads/ lib/task/ lib/text/ lib/access/ lib/notify/ lib/store/ lib/config/ lib/demo/ lib/http/ lib/mod.ts " +
    "lib/cli/",
  "lib/cli/completion/": "leaves lib/cli/",
  "lib/cli/data/":
    "leaves lib/task/ lib/text/ lib/channel/ lib/remote/ lib/store/ lib/store/database/ lib/store/postgres/ lib/store/sqlite/ lib/cli/ " +
    "lib/cli/client/",
  "main.ts":
    "leaves lib/cli/ lib/cli/client/ lib/cli/report/ lib/cli/run/ lib/cli/serve/ lib/cli/completion/ lib/cli/data/",
};

/** The files outside of `ui/` that the scripts of the pages may import. */
const PURE = /^lib\/(task|text)\/|^lib\/(page_renderer|errors)\.ts$/;

/** The files that only a server needs. */
const SERVER =
  /^(main\.ts|ui\/)|^lib\/(store|registry|hub|notify|http|cli|demo|config|monitor|reporters)\/|^lib\/mod\.ts$/;

/** Returns the row of {@linkcode DIRECTIONS} that a file belongs to. */
function rowOf(path: string): string | undefined {
  if (LEAVES.includes(path)) return "leaves";
  return Object.keys(DIRECTIONS).filter((row) => path === row || (row.endsWith("/") && path.startsWith(row)))
    .sort((a, b) => b.length - a.length)[0];
}

function importsOf(sources: Iterable<Source>): { readonly path: string; readonly specifier: string }[] {
  return [...sources].flatMap(({ path, imports }) => imports.map(({ specifier }) => ({ path, specifier })));
}

function sourcesReachableFrom(entry: string): Source[] {
  assert(PRODUCTION.has(entry), `${entry} does not exist, so its rule checks nothing: has it moved?`);
  return [...reachableFrom(PRODUCTION, entry)].map((path) => PRODUCTION.get(path)!);
}

Deno.test("source: the imports have no cycle, including those of types", () => {
  assertEquals(findCycle(EVERYTHING), undefined);
});

Deno.test("source: every relative import leads to a file", async () => {
  const missing: string[] = [];
  for (const { path, imports } of EVERYTHING.values()) {
    for (const { specifier, target } of imports) {
      // Built files may be missing.
      if (target === undefined || EVERYTHING.has(target) || /^(lib|ui)\/dist\//.test(target)) continue;
      const exists = await Deno.stat(new URL(`../${target}`, import.meta.url)).then(() => true, () => false);
      if (!exists) missing.push(`${path} → ${specifier}`);
    }
  }
  assertEquals(missing, []);
});

Deno.test("source: every import is permitted by the table of directions", () => {
  const wrong: string[] = [];
  for (const { path, imports } of PRODUCTION.values()) {
    const row = rowOf(path);
    assert(row !== undefined, `No row of the table says what ${path} may import`);
    const allowed = [row, ...DIRECTIONS[row]!.split(" ")];
    for (const { target } of imports) {
      if (target === undefined || /^(lib|ui)\/dist\/|\.css$|\.d\.ts$/.test(target)) continue;
      if (!allowed.includes(rowOf(target) ?? "")) wrong.push(`${path} → ${target}`);
    }
  }
  assertEquals(wrong, []);
});

Deno.test("source: the table of directions has no cycle and no unused row", () => {
  const rows = Object.keys(DIRECTIONS);
  const upwards = rows.flatMap((row, index) =>
    DIRECTIONS[row]!.split(" ").filter((target) => target !== "" && !rows.slice(0, index).includes(target))
      .map((target) => `${row} → ${target}`)
  );
  assertEquals(upwards, []);
  const used = new Set([...PRODUCTION.keys()].map(rowOf));
  assertEquals(rows.filter((row) => !used.has(row)), []);
});

Deno.test("source: only lib/monitor/build_monitor.ts imports ui/", () => {
  const wrong = [...PRODUCTION.values()].filter(({ path, imports }) =>
    path.startsWith("lib/") && path !== "lib/monitor/build_monitor.ts" &&
    imports.some(({ target }) => target?.startsWith("ui/"))
  );
  assertEquals(wrong.map(({ path }) => path), []);
});

Deno.test("source: the program imports nothing from tests/ or .tools/", () => {
  const wrong = [...PRODUCTION.values()].filter(({ imports }) =>
    imports.some(({ target }) => target !== undefined && /^(tests|\.tools)\//.test(target))
  );
  assertEquals(wrong.map(({ path }) => path), []);
});

for (const entry of ["lib/monitored.ts", "lib/served.ts"]) {
  Deno.test(`source: a program that imports ${entry} by URL needs no import map and no server`, () => {
    const reachable = sourcesReachableFrom(entry);
    const foreign = importsOf(reachable).filter(({ specifier }) => !/^\.{1,2}\//.test(specifier));
    const pinned = foreign.filter(({ specifier }) => /^npm:.+@\d+\.\d+\.\d+\//.test(specifier));
    assertEquals(foreign.filter((use) => !pinned.includes(use)), []);
    const libraries = pinned.map(({ path }) => path);
    assertEquals(libraries.filter((path) => path !== "lib/ulid.ts" && path !== "lib/sha256.ts"), []);
    assertEquals(new Set(libraries).size, libraries.length, "each of the two files imports one library");
    const paths = reachable.map(({ path }) => path);
    assertEquals(paths.filter((path) => SERVER.test(path)), []);
  });
}

Deno.test("source: lib/served.ts exports what lib/monitored.ts exports, and adds no other file", async () => {
  const [served, monitored] = await Promise.all([
    import("../lib/served.ts"),
    import("../lib/monitored.ts"),
  ]);
  assertEquals({ ...served }, { ...monitored });
  const own = sourcesReachableFrom("lib/served.ts").map(({ path }) => path);
  const others = new Set(sourcesReachableFrom("lib/monitored.ts").map(({ path }) => path));
  assertEquals(own.filter((path) => !others.has(path)), ["lib/served.ts"]);
});

Deno.test("source: ls, watch, wait and cancel do not import the server", () => {
  for (const command of ["ls", "watch", "wait", "cancel"]) {
    const reachable = sourcesReachableFrom(`lib/cli/client/${command}.ts`);
    const libraries = importsOf(reachable).filter(({ specifier }) => !/^\.{1,2}\//.test(specifier));
    assertEquals(libraries, [{ path: "lib/cli/flags.ts", specifier: "node:util" }], command);
    const paths = reachable.map(({ path }) => path);
    assertEquals(
      paths.filter((path) => /^lib\/(store|registry|http|demo)\/|^lib\/mod\.ts$/.test(path)),
      [],
    );
  }
});

Deno.test("source: the scripts of the pages import only ui/ and pure files of lib/", () => {
  const entries = ["list_entry.tsx", "task_entry.tsx", "fallback_entry.ts"];
  const reachable = entries.flatMap((entry) => sourcesReachableFrom(`ui/browser/${entry}`));
  const paths = reachable.map(({ path }) => path);
  assertEquals(paths.filter((path) => !path.startsWith("ui/") && !PURE.test(path)), []);
  const libraries = importsOf(reachable).filter(({ specifier }) => !/^\.{1,2}\//.test(specifier));
  assertEquals(libraries.filter(({ specifier }) => !/^(@preact\/signals|preact)($|\/)/.test(specifier)), []);
});

Deno.test("source: only one file of the library and one file of the pages use BroadcastChannel", () => {
  const named = [...PRODUCTION.values()].filter(({ names }) => names.has("BroadcastChannel"));
  assertEquals(named.map(({ path }) => path).sort(), ["lib/channel/bus.ts", "ui/browser/shared_channel.ts"]);
});

Deno.test("source: only main.ts and lib/cli/ read arguments, exit, and listen for signals", () => {
  const reserved = ["args", "exit", "addSignalListener"];
  const wrong = [...PRODUCTION.values()].filter(({ path, denoMembers }) =>
    path !== "main.ts" && !path.startsWith("lib/cli/") && reserved.some((name) => denoMembers.has(name))
  );
  assertEquals(wrong.map(({ path }) => path), []);
});

Deno.test("source: no file has more than 400 lines, no test more than 600, and the median is at most 100", () => {
  const long = [...EVERYTHING.values()].filter(({ path, lines }) =>
    lines > (path.startsWith("tests/") ? 600 : 400)
  );
  assertEquals(long.map(({ path, lines }) => `${path}: ${lines}`), []);
  const lengths = Array.from(PRODUCTION.values(), ({ lines }) => lines).sort((a, b) => a - b);
  assertLessOrEqual(lengths[Math.floor(lengths.length / 2)]!, 100);
});

Deno.test("source: at most 16 files are at the top of lib/", async () => {
  const entries = await Array.fromAsync(Deno.readDir(new URL("../lib", import.meta.url)));
  assertLessOrEqual(entries.filter(({ isFile }) => isFile).length, 16);
});

Deno.test("parseSource() finds every kind of import, and the members of Deno that are used", () => {
  const source = parseSource(
    "lib/http/example.ts",
    `import "./a.ts";
import { b } from "../b.ts";
import type { C } from "./c.ts";
import text from "./d.css" with { type: "text" };
export * from "./e.ts";
export { f } from "../../f.ts";
export const g = () => import("./g.ts");
export type H = import("./h.ts").H;
export const worker = new Worker(new URL("./i.ts", import.meta.url), { type: "module" });
import lib from "lib";
// import "./comment.ts"; BroadcastChannel
const text2 = 'import "./text.ts"; Deno.exit()';
const { args } = Deno;
globalThis.Deno.addSignalListener("SIGINT", g);
globalThis["BroadcastChannel"];
`,
  );
  assertEquals(source.imports.map(({ target }) => target), [
    "lib/http/a.ts",
    "lib/b.ts",
    "lib/http/c.ts",
    "lib/http/d.css",
    "lib/http/e.ts",
    "f.ts",
    "lib/http/g.ts",
    "lib/http/h.ts",
    "lib/http/i.ts",
    undefined,
  ]);
  assertEquals([...source.denoMembers], ["args", "addSignalListener"]);
  assert(source.names.has("BroadcastChannel"));
  const innocent = parseSource("a.ts", '// BroadcastChannel\nconst a = "BroadcastChannel"; Deno.cwd();\n');
  assertEquals(innocent.names.has("BroadcastChannel"), false);
  assertEquals([...innocent.denoMembers], ["cwd"]);
  assertEquals(innocent.lines, 2);
});

Deno.test("findCycle() returns the files of a cycle in order", () => {
  const sources = [
    parseSource("a.ts", 'import "./b.ts";'),
    parseSource("b.ts", 'import type { C } from "./c.ts";'),
    parseSource("c.ts", 'import "./b.ts";'),
  ];
  const graph = new Map(sources.map((source) => [source.path, source]));
  assertEquals(findCycle(graph), ["b.ts", "c.ts", "b.ts"]);
  graph.set("c.ts", parseSource("c.ts", ""));
  assertEquals(findCycle(graph), undefined);
  assertEquals([...reachableFrom(graph, "a.ts")], ["a.ts", "b.ts", "c.ts"]);
});
