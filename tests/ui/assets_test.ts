import { assetNames, pageAssets } from "../../ui/assets.ts";
import { assert, assertEquals, assertMatch, assertNotMatch } from "../support/assert.ts";

Deno.test("pageAssets holds what pages load, under names with a hash", () => {
  assertEquals([...pageAssets.keys()], [assetNames.list, assetNames.task, assetNames.style]);
  assertMatch(assetNames.list, /^list-[0-9a-z]{11}\.js$/);
  assertMatch(assetNames.task, /^task-[0-9a-z]{11}\.js$/);
  assertMatch(assetNames.style, /^style-[0-9a-z]{11}\.css$/);
});

Deno.test("pageAssets loads nothing from elsewhere", () => {
  const script = [assetNames.list, assetNames.task].map((name) => pageAssets.get(name)?.body ?? "").join(";");
  const style = pageAssets.get(assetNames.style)?.body ?? "";
  assertNotMatch(style, /url\(|@import/);
  assertNotMatch(script, /\bimport(\s*[("']|\{)/);
  assert(!script.includes("eval("), "the content security policy would forbid it");
});
