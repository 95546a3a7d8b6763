import { assetNames, pageAssets } from "../../ui/assets.ts";
import { assert, assertEquals, assertLess, assertMatch, assertNotMatch } from "../support/assert.ts";

/** What a page may load beside itself, gzipped. */
const MOST_BYTES = 30_000;

async function gzippedLength(text: string): Promise<number> {
  const gzipped = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(gzipped).arrayBuffer()).byteLength;
}

Deno.test("pageAssets holds what pages load, under names with a hash", () => {
  assertEquals([...pageAssets.keys()], [assetNames.script, assetNames.style]);
  assertMatch(assetNames.script, /^page-[0-9a-z]{11}\.js$/);
  assertMatch(assetNames.style, /^style-[0-9a-z]{11}\.css$/);
});

Deno.test("pageAssets stays small", async () => {
  const lengths = await Promise.all([...pageAssets.values()].map((asset) => gzippedLength(asset.body)));
  assertLess(lengths.reduce((sum, length) => sum + length), MOST_BYTES);
});

Deno.test("pageAssets loads nothing from elsewhere", () => {
  const script = pageAssets.get(assetNames.script)?.body ?? "";
  const style = pageAssets.get(assetNames.style)?.body ?? "";
  assertNotMatch(style, /url\(|@import/);
  assertNotMatch(script, /\bimport\b\s*[("'{]/);
  assert(!script.includes("eval("), "the content security policy would forbid it");
});
