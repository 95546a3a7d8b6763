import { promisify } from "node:util";
import { brotliCompress } from "node:zlib";
import { assetNames, pageAssets } from "../../../ui/server/assets.ts";
import { assert, assertEquals, assertLess, assertMatch, assertNotMatch } from "../../support/assert.ts";

/** What a page may load of scripts, as transferred. */
const MAX_BYTES = 30_000;
/** What lists of hundreds may load in addition. */
const MAX_WINDOW_BYTES = 5_000;

async function compressedLength(text: string): Promise<number> {
  return (await promisify(brotliCompress)(text)).byteLength;
}

Deno.test("pageAssets holds what pages load, under names with a hash", () => {
  assertEquals([...pageAssets.keys()], [
    assetNames.list,
    assetNames.task,
    assetNames.window,
    assetNames.style,
  ]);
  assertMatch(assetNames.list, /^list-[0-9a-z]{11}\.js$/);
  assertMatch(assetNames.task, /^task-[0-9a-z]{11}\.js$/);
  assertMatch(assetNames.window, /^window-[0-9a-z]{11}\.js$/);
  assertMatch(assetNames.style, /^style-[0-9a-z]{11}\.css$/);
});

Deno.test("pageAssets stays small", async () => {
  for (const name of [assetNames.list, assetNames.task]) {
    assertLess(await compressedLength(pageAssets.get(name)!.body), MAX_BYTES, name);
  }
  assertLess(await compressedLength(pageAssets.get(assetNames.window)!.body), MAX_WINDOW_BYTES);
});

Deno.test("pageAssets loads nothing from elsewhere", () => {
  const script = [assetNames.list, assetNames.task].map((name) => pageAssets.get(name)?.body ?? "").join(";");
  const style = pageAssets.get(assetNames.style)?.body ?? "";
  assertNotMatch(style, /url\(|@import/);
  // The one import is of an address that the page gives.
  assertNotMatch(script, /\bimport(\s*["']|\{|\(["'`])/);
  assert(!script.includes("eval("), "the content security policy would forbid it");
});
