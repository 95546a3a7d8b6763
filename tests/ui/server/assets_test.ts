import { promisify } from "node:util";
import { brotliCompress } from "node:zlib";
import { assetNames, pageAssets } from "../../../ui/server/assets.ts";
import { assert, assertEquals, assertLess, assertMatch, assertNotMatch } from "../../support/assert.ts";

/** The maximum compressed size of a page's script, in bytes: 32 KiB. */
const MAX_BYTES = 32 * 1024;
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
    assetNames.window,
    assetNames.fallback,
    assetNames.style,
  ]);
  assertMatch(assetNames.list, /^list-[0-9a-z]{11}\.js$/);
  assertMatch(assetNames.task, /^task-[0-9a-z]{11}\.js$/);
  assertMatch(assetNames.window, /^window-[0-9a-z]{11}\.js$/);
  assertMatch(assetNames.fallback, /^fallback-[0-9a-z]{11}\.js$/);
  assertMatch(assetNames.style, /^style-[0-9a-z]{11}\.css$/);
});

Deno.test("pageAssets has only small scripts", async () => {
  for (const name of [assetNames.list, assetNames.task]) {
    assertLess(await compressedLength(pageAssets.get(name)!.body), MAX_BYTES, name);
  }
  assertLess(await compressedLength(pageAssets.get(assetNames.window)!.body), MAX_WINDOW_BYTES);
  assertLess(await compressedLength(pageAssets.get(assetNames.fallback)!.body), MAX_FALLBACK_BYTES);
});

Deno.test("pageAssets has no file that loads anything from other hosts", () => {
  const script = [assetNames.list, assetNames.task, assetNames.fallback].map((name) =>
    pageAssets.get(name)?.body ?? ""
  ).join(";");
  const style = pageAssets.get(assetNames.style)?.body ?? "";
  assertNotMatch(style, /url\(|@import/);
  // The only import uses a URL from the page data.
  assertNotMatch(script, /\bimport(\s*["']|\{|\(["'`])/);
  assert(!script.includes("eval("), "the content security policy would forbid it");
});
