import { promisify } from "node:util";
import { brotliCompress } from "node:zlib";
import { assetNames, pageAssets } from "../../../ui/server/assets.ts";
import { assert, assertEquals, assertLess, assertMatch, assertNotMatch } from "../../support/assert.ts";

/** The maximum compressed size of a page's script, in bytes. */
const MAX_BYTES = 32_768;
/** The maximum compressed size of everything that a task page can load, in bytes. */
const MAX_TASK_BYTES = 60_000;
/** The maximum compressed size of the script for the controls of a list, in bytes. */
const MAX_CONTROLS_BYTES = 10_000;
/** The maximum compressed size of the script that only long lists load, in bytes. */
const MAX_WINDOW_BYTES = 5_000;
/** The maximum compressed size of the script that only pages without a WebSocket load, in bytes. */
const MAX_FALLBACK_BYTES = 5_000;

async function compressedLength(text: string): Promise<number> {
  return (await promisify(brotliCompress)(text)).byteLength;
}

Deno.test("pageAssets has all files of the pages, with a hash in each name", () => {
  assertEquals([...pageAssets.keys()], [
    assetNames.list,
    assetNames.task,
    assetNames.controls,
    assetNames.stats,
    assetNames.window,
    assetNames.fallback,
    assetNames.log,
    assetNames.values,
    assetNames.copy,
    assetNames.style,
  ]);
  assertMatch(assetNames.list, /^list-[0-9a-z]{11}\.js$/);
  assertMatch(assetNames.task, /^task-[0-9a-z]{11}\.js$/);
  assertMatch(assetNames.stats, /^stats-[0-9a-z]{11}\.js$/);
  assertMatch(assetNames.controls, /^controls-[0-9a-z]{11}\.js$/);
  assertMatch(assetNames.window, /^window-[0-9a-z]{11}\.js$/);
  assertMatch(assetNames.fallback, /^fallback-[0-9a-z]{11}\.js$/);
  assertMatch(assetNames.log, /^log-[0-9a-z]{11}\.js$/);
  assertMatch(assetNames.values, /^values-[0-9a-z]{11}\.js$/);
  assertMatch(assetNames.copy, /^copy-[0-9a-z]{11}\.js$/);
  assertMatch(assetNames.style, /^style-[0-9a-z]{11}\.css$/);
});

Deno.test("pageAssets has only small scripts", async () => {
  for (const name of [assetNames.list, assetNames.task, assetNames.stats]) {
    assertLess(await compressedLength(pageAssets.get(name)!.body), MAX_BYTES, name);
  }
  assertLess(await compressedLength(pageAssets.get(assetNames.controls)!.body), MAX_CONTROLS_BYTES);
  assertLess(await compressedLength(pageAssets.get(assetNames.window)!.body), MAX_WINDOW_BYTES);
  assertLess(await compressedLength(pageAssets.get(assetNames.fallback)!.body), MAX_FALLBACK_BYTES);
  let all = 0;
  for (const name of [assetNames.task, assetNames.fallback, assetNames.log, assetNames.values]) {
    all += await compressedLength(pageAssets.get(name)!.body);
  }
  assertLess(all, MAX_TASK_BYTES);
});

Deno.test("pageAssets: the script of a section imports only what the task page's script exports", () => {
  const body = (name: string) => pageAssets.get(name)!.body;
  const exported = [...body(assetNames.task).matchAll(/export\{([^}]*)\}/g)].flatMap(([, list]) =>
    list!.split(",").map((name) => name.split(" as ").at(-1))
  );
  for (const section of [assetNames.log, assetNames.values]) {
    const imports = [...body(section).matchAll(/import\{([^}]*)\}from"([^"]*)"/g)];
    const imported = imports.flatMap(([, list]) => list!.split(",").map((name) => name.split(" as ")[0]));
    assertEquals(imported.filter((name) => !exported.includes(name)), [], section);
    assertEquals([...new Set(imports.map(([, , from]) => from))], [`./${assetNames.task}`], section);
  }
});

Deno.test("pageAssets has no file that loads anything from other hosts", () => {
  const script = [assetNames.list, assetNames.task, assetNames.controls, assetNames.fallback].map((name) =>
    pageAssets.get(name)?.body ?? ""
  ).join(";");
  const style = pageAssets.get(assetNames.style)?.body ?? "";
  assertNotMatch(style, /url\(|@import/);
  // The only dynamic import takes its URL from the page data, so no URL is in the script.
  assertNotMatch(script, /\bimport(\s*["']|\{|\(["'`])/);
  assert(!script.includes("eval("), "the content security policy would forbid it");
});
