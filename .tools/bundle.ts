/**
 * Bundles what runs in the browser into one file, `ui/dist/page.js`, which the program embeds.
 *
 * `deno run --allow-read --allow-write --allow-run .tools/bundle.ts` does it, and says how large it became.
 *
 * @module
 */

import { isUpToDate, runDeno, writeAtomically } from "./outputs.ts";

const ROOT = new URL("../", import.meta.url);
const SCRIPT = new URL("ui/dist/page.js", ROOT);
const INPUTS = [
  "ui/",
  "lib/errors.ts",
  "lib/format.ts",
  "lib/protocol.ts",
  "lib/task.ts",
  "lib/task_view.ts",
  "lib/wire.ts",
  "deno.json",
  "deno.lock",
].map((path) => new URL(path, ROOT));

/**
 * Bundles `ui/main.tsx`, unless the bundle is newer than all that it is made of. The same source gives the same bytes.
 *
 * @returns the bundle's file
 * @throws {Error} with the bundler's own words, where it fails
 */
export async function bundlePage(): Promise<URL> {
  if (await isUpToDate([SCRIPT], INPUTS)) return SCRIPT;
  // To the output rather than to the file: who reads it meanwhile sees the old one or the new one.
  const script = await runDeno(["bundle", "--quiet", "--platform", "browser", "--minify", "ui/main.tsx"]);
  await writeAtomically(SCRIPT, script);
  return SCRIPT;
}

async function gzippedLength(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const gzipped = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(gzipped).arrayBuffer()).byteLength;
}

if (import.meta.main) {
  const bytes = await Deno.readFile(await bundlePage());
  // deno-lint-ignore no-console -- a command that says what it made
  console.log(`ui/dist/page.js: ${bytes.byteLength} bytes, ${await gzippedLength(bytes)} gzipped`);
}
