/**
 * The rules of the layout, held against the whole source: who may import whom, which file may use what, how long
 * a file may be.
 */

import { assert, assertEquals } from "./support/assert.ts";
import { findCycle, parseSource, reachableFrom, readSources, type Source } from "./support/sources.ts";

const PRODUCTION = await readSources(["main.ts", "lib", "ui"]);
const EVERYTHING = new Map([...PRODUCTION, ...await readSources(["tests"])]);

/** What may be seen by every other file, the browser's included. */
const PURE = [
  "lib/task.ts",
  "lib/errors.ts",
  "lib/protocol.ts",
  "lib/quantile.ts",
  "lib/past_durations.ts",
  "lib/run_stats.ts",
  "lib/estimate.ts",
  "lib/format.ts",
  "lib/task_view.ts",
  "lib/wire.ts",
  "lib/task_query.ts",
  "lib/time_filter.ts",
  "lib/progress_series.ts",
  "lib/page_renderer.ts",
];

/** What only a server needs. */
const SERVER =
  /^(main\.ts|ui\/)|^lib\/(store|http|cli|demo)\/|^lib\/(registry\w*|authority|hub|mod|config|report_intake|module_source)\.ts$/;

/** From a part of the source, imports only lead to these parts. The first row that fits a file counts. */
const DIRECTIONS: readonly { readonly from: RegExp; readonly to: RegExp }[] = [
  { from: /^lib\/(task|errors|terminal_text|time_filter|quantile)\.ts$/, to: /^$/ },
  { from: /^lib\/protocol\.ts$/, to: /^lib\/(task|errors)\.ts$/ },
  {
    from: /^lib\/(format|task_view|task_query|wire|progress_series)\.ts$/,
    to: /^lib\/task\.ts$/,
  },
  { from: /^lib\/page_renderer\.ts$/, to: /^lib\/(task|run_stats)\.ts$/ },
  { from: /^lib\/text_bars\.ts$/, to: /^lib\/(task|task_view|format|terminal_text)\.ts$/ },
  { from: /^lib\/past_durations\.ts$/, to: /^lib\/quantile\.ts$/ },
  { from: /^lib\/run_stats\.ts$/, to: /^lib\/(task|quantile)\.ts$/ },
  { from: /^lib\/estimate\.ts$/, to: /^lib\/(task|past_durations)\.ts$/ },
  { from: /^lib\/access\/grant\.ts$/, to: /^$/ },
  { from: /^lib\/access\//, to: /^lib\/(access\/|errors\.ts$)/ },
  { from: /^lib\/output\//, to: /^lib\/(output\/|(task|errors|protocol)\.ts$)/ },
  { from: /^lib\/store\//, to: /^lib\/(store\/|(task|errors|protocol|ulid)\.ts$)/ },
  { from: /^lib\/notify\//, to: /^lib\/(notify\/|store\/store\.ts$|(task|errors|version)\.ts$)/ },
  { from: /^lib\/mod\.ts$/, to: /^(lib\/(?!cli\/)|ui\/)/ },
  { from: /^lib\/cli\/(serve(_options)?|check|backup|restore|data_file)\.ts$/, to: /^lib\// },
  { from: /^lib\/cli\//, to: /^lib\/(?!http\/|store\/|demo\/|mod\.ts$)/ },
  { from: /^lib\/http\//, to: /^lib\/(?!cli\/|demo\/|mod\.ts$)/ },
  { from: /^lib\/demo\//, to: /^lib\/(demo\/|monitored\.ts$|task\.ts$|errors\.ts$|protocol\.ts$)/ },
  { from: /^lib\//, to: /^lib\/(?!http\/|cli\/|demo\/|mod\.ts$)/ },
  { from: /^ui\//, to: /^(ui\/|lib\/(?!http\/|cli\/|demo\/|mod\.ts$))/ },
  { from: /^main\.ts$/, to: /^(lib|ui)\// },
];

function importsOf(sources: Iterable<Source>): { readonly path: string; readonly specifier: string }[] {
  return [...sources].flatMap(({ path, imports }) => imports.map(({ specifier }) => ({ path, specifier })));
}

function sourcesReachableFrom(entry: string): Source[] {
  assert(PRODUCTION.has(entry), `${entry} does not exist, so its rule checks nothing: has it moved?`);
  return [...reachableFrom(PRODUCTION, entry)].map((path) => PRODUCTION.get(path)!);
}

Deno.test("source: no file imports itself by way of others, types included", () => {
  assertEquals(findCycle(EVERYTHING), undefined);
});

Deno.test("source: every relative import leads to a file", async () => {
  const missing: string[] = [];
  for (const { path, imports } of EVERYTHING.values()) {
    for (const { specifier, target } of imports) {
      // What is built may be missing.
      if (target === undefined || EVERYTHING.has(target) || /^(lib|ui)\/dist\//.test(target)) continue;
      const exists = await Deno.stat(new URL(`../${target}`, import.meta.url)).then(() => true, () => false);
      if (!exists) missing.push(`${path} → ${specifier}`);
    }
  }
  assertEquals(missing, []);
});

Deno.test("source: imports point one way", () => {
  const wrong: string[] = [];
  for (const { path, imports } of PRODUCTION.values()) {
    const direction = DIRECTIONS.find(({ from }) => from.test(path));
    assert(direction !== undefined, `No rule says what ${path} may import`);
    for (const { target } of imports) {
      if (target !== undefined && !direction.to.test(target)) wrong.push(`${path} → ${target}`);
    }
  }
  assertEquals(wrong, []);
});

Deno.test("source: nothing below lib/ imports ui/, but lib/mod.ts", () => {
  const wrong = [...PRODUCTION.values()].filter(({ path, imports }) =>
    path.startsWith("lib/") && path !== "lib/mod.ts" &&
    imports.some(({ target }) => target?.startsWith("ui/"))
  );
  assertEquals(wrong.map(({ path }) => path), []);
});

Deno.test("source: what ships imports nothing from tests/ or .tools/", () => {
  const wrong = [...PRODUCTION.values()].filter(({ imports }) =>
    imports.some(({ target }) => target !== undefined && /^(tests|\.tools)\//.test(target))
  );
  assertEquals(wrong.map(({ path }) => path), []);
});

for (const entry of ["lib/monitored.ts", "lib/served.ts"]) {
  Deno.test(`source: a program that imports ${entry} by URL needs no import map and no server`, () => {
    const reachable = sourcesReachableFrom(entry);
    const foreign = importsOf(reachable).filter(({ specifier }) => !/^\.{1,2}\//.test(specifier));
    const ulid = ({ path, specifier }: { path: string; specifier: string }) =>
      path === "lib/ulid.ts" && /^npm:.+@\d+\.\d+\.\d+\//.test(specifier);
    assertEquals(foreign.filter((use) => !ulid(use)), []);
    assertEquals(foreign.filter(ulid).length <= 1, true, "lib/ulid.ts imports one library");
    const paths = reachable.map(({ path }) => path);
    assertEquals(paths.filter((path) => SERVER.test(path)), []);
  });
}

Deno.test("source: lib/served.ts is lib/monitored.ts, and knows where it was loaded from", async () => {
  const [served, monitored] = await Promise.all([
    import("../lib/served.ts"),
    import("../lib/monitored.ts"),
  ]);
  assertEquals({ ...served }, { ...monitored });
  const own = sourcesReachableFrom("lib/served.ts").map(({ path }) => path);
  const others = new Set(sourcesReachableFrom("lib/monitored.ts").map(({ path }) => path));
  assertEquals(own.filter((path) => !others.has(path)), ["lib/served.ts"]);
});

Deno.test("source: commands that only look at a server do not load one", () => {
  for (const command of ["ls", "watch", "wait", "cancel"]) {
    const reachable = sourcesReachableFrom(`lib/cli/${command}.ts`);
    const libraries = importsOf(reachable).filter(({ specifier }) => !/^\.{1,2}\//.test(specifier));
    assertEquals(libraries, [{ path: "lib/cli/flags.ts", specifier: "@std/cli/parse-args" }], command);
    const paths = reachable.map(({ path }) => path);
    assertEquals(
      paths.filter((path) => /^lib\/(store|http|demo)\/|^lib\/(registry|mod)\.ts$/.test(path)),
      [],
    );
  }
});

Deno.test("source: the pages' scripts are made of ui/ and pure files of lib/ only", () => {
  const reachable = ["list", "task"].flatMap((kind) => sourcesReachableFrom(`ui/${kind}_entry.tsx`));
  const paths = reachable.map(({ path }) => path);
  assertEquals(paths.filter((path) => !path.startsWith("ui/") && !PURE.includes(path)), []);
  const libraries = importsOf(reachable).filter(({ specifier }) => !/^\.{1,2}\//.test(specifier));
  assertEquals(libraries.filter(({ specifier }) => !/^(@preact\/signals|preact)($|\/)/.test(specifier)), []);
});

Deno.test("source: only lib/channel.ts names BroadcastChannel", () => {
  const named = [...PRODUCTION.values()].filter(({ names }) => names.has("BroadcastChannel"));
  assertEquals(named.map(({ path }) => path), ["lib/channel.ts"]);
});

Deno.test("source: only main.ts and lib/cli/ read arguments, exit, and listen for signals", () => {
  const reserved = ["args", "exit", "addSignalListener"];
  const wrong = [...PRODUCTION.values()].filter(({ path, denoMembers }) =>
    path !== "main.ts" && !path.startsWith("lib/cli/") && reserved.some((name) => denoMembers.has(name))
  );
  assertEquals(wrong.map(({ path }) => path), []);
});

Deno.test("source: no file is longer than 500 lines, no test than 600", () => {
  const long = [...EVERYTHING.values()].filter(({ path, lines }) =>
    lines > (path.startsWith("tests/") ? 600 : 500)
  );
  assertEquals(long.map(({ path, lines }) => `${path}: ${lines}`), []);
});

Deno.test("parseSource() sees every way to name another file, and what is used of Deno", () => {
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

Deno.test("findCycle() names the files of a cycle in order", () => {
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
