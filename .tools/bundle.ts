/**
 * Bundles what runs in the browser, one file for each kind of page, which the program embeds: `ui/dist/list.js` of
 * `ui/browser/list_entry.tsx`, and so on.
 *
 * `deno run --allow-read --allow-write --allow-run .tools/bundle.ts` does it, and says how large they became.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { isUpToDate, runDeno, writeAtomically } from "./outputs.ts";

const ROOT = new URL("../", import.meta.url);
const KINDS = ["list", "task"] as const;
/** What lists load in addition where they are long. */
const WINDOW_SCRIPT = scriptOf("window");
const INPUTS = ["ui/", "lib/", "deno.json", "deno.lock"].map((path) => new URL(path, ROOT));

/** The files that {@linkcode bundlePages} makes. */
export const PAGE_OUTPUTS: readonly URL[] = [...KINDS.map(scriptOf), WINDOW_SCRIPT];

/**
 * Bundles the scripts, unless they are newer than all that they are made of. The same source gives the same bytes.
 *
 * @throws {Error} with the bundler's own words, where it fails
 */
export async function bundlePages(): Promise<void> {
  if (await isUpToDate(PAGE_OUTPUTS, INPUTS)) return;
  for (const kind of KINDS) await bundle(`ui/browser/${kind}_entry.tsx`, scriptOf(kind));
  await bundle("ui/browser/window_entry.ts", WINDOW_SCRIPT);
}

function scriptOf(kind: string): URL {
  return new URL(`ui/dist/${kind}.js`, ROOT);
}

async function bundle(entry: string, file: URL): Promise<void> {
  // To the output rather than to the file: who reads it meanwhile sees the old one or the new one.
  const script = await runDeno(["bundle", "--quiet", "--platform", "browser", "--minify", entry]);
  await writeAtomically(file, script);
}

async function gzippedLength(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const gzipped = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(gzipped).arrayBuffer()).byteLength;
}

if (import.meta.main) {
  await bundlePages();
  for (const file of PAGE_OUTPUTS) {
    const bytes = await Deno.readFile(file);
    const name = fileURLToPath(file).split(/[\\/]/).at(-1);
    // deno-lint-ignore no-console -- a command that says what it made
    console.log(`ui/dist/${name}: ${bytes.byteLength} bytes, ${await gzippedLength(bytes)} gzipped`);
  }
}
