/**
 * Bundles the scripts of the pages, which the program embeds: `ui/browser/list_entry.tsx` becomes `ui/dist/list.js`, and
 * so on.
 *
 * `deno run --allow-read --allow-write --allow-run .tools/bundle.ts` bundles the scripts and prints their sizes.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { isUpToDate, runDeno, writeAtomically } from "./outputs.ts";

const ROOT = new URL("../", import.meta.url);
const KINDS = ["list", "task", "stats"] as const;
/**
 * The additional scripts: for the controls of a list, for long lists, for pages that can't use a WebSocket, and to copy
 * blocks of code.
 */
const ADDITIONS = ["controls", "window", "fallback", "copy"] as const;
/** The scripts of sections of the task page, which share the libraries of its script. */
const SECTIONS = ["log", "values"] as const;
/** The libraries that the script of the task page exports, in `ui/browser/section_runtime.ts`. */
const SHARED = ["preact", "preact/hooks", "preact/jsx-runtime", "@preact/signals"] as const;
const INPUTS = ["ui/", "lib/", "deno.json", "deno.lock"].map((path) => new URL(path, ROOT));

/** The files that {@linkcode bundlePages} writes. */
export const PAGE_OUTPUTS: readonly URL[] = [...KINDS, ...ADDITIONS, ...SECTIONS].map(scriptOf);

/**
 * Bundles the scripts, unless they are newer than all their inputs. The same source always yields the same bytes.
 *
 * @throws {Error} if the bundler fails; the message contains the bundler's output
 */
export async function bundlePages(): Promise<void> {
  if (await isUpToDate(PAGE_OUTPUTS, INPUTS)) return;
  for (const kind of KINDS) await bundle(`ui/browser/${kind}_entry.tsx`, scriptOf(kind));
  for (const name of ADDITIONS) await bundle(`ui/browser/${name}_entry.ts`, scriptOf(name));
  for (const name of SECTIONS) await bundle(`ui/browser/${name}_entry.tsx`, scriptOf(name), SHARED);
}

function scriptOf(kind: string): URL {
  return new URL(`ui/dist/${kind}.js`, ROOT);
}

async function bundle(entry: string, file: URL, shared: readonly string[] = []): Promise<void> {
  const external = shared.map((name) => `--external=${name}`);
  // The bundler writes to stdout, because a concurrent reader of the file must see a complete script, old or new.
  const args = ["bundle", "--quiet", "--platform", "browser", "--minify", ...external, entry];
  const script = await runDeno(args);
  const linked = shared.reduce((text, name) => text.replaceAll(`from"${name}"`, 'from"./task.js"'), script);
  await writeAtomically(file, linked);
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
    // deno-lint-ignore no-console -- the tool prints its result
    console.log(`ui/dist/${name}: ${bytes.byteLength} bytes, ${await gzippedLength(bytes)} gzipped`);
  }
}
