/**
 * Builds the module that programs import by URL: the script `lib/dist/monitored.js`, which runs in Deno and browsers and
 * imports nothing, and the type declarations `lib/dist/monitored.d.ts`.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { pruneDeclarations } from "./declarations.ts";
import { isUpToDate, runDeno, writeAtomically } from "./outputs.ts";

const ROOT = new URL("../", import.meta.url);
const SOURCE = new URL("lib/monitored.ts", ROOT);
/** The entry point of the bundle: it re-exports the source, and detects the server that it was loaded from. */
const ENTRY = new URL("lib/served.ts", ROOT);
const SCRIPT = new URL("lib/dist/monitored.js", ROOT);
/** The type declarations of the module. */
export const DECLARATIONS: URL = new URL("lib/dist/monitored.d.ts", ROOT);

/** The files that {@linkcode buildModule} writes. */
export const MODULE_OUTPUTS: readonly URL[] = [SCRIPT, DECLARATIONS];

/**
 * Builds the script and the declarations, unless they are newer than all their inputs.
 *
 * @throws {Error} if the bundler fails, or if the declaration of a public name is missing
 */
export async function buildModule(): Promise<void> {
  const inputs = [new URL("lib/", ROOT), new URL("deno.json", ROOT), new URL(".tools/", ROOT)];
  if (await isUpToDate(MODULE_OUTPUTS, inputs)) return;
  const script = await bundleModule(ENTRY);
  const declarations = await declare();
  await writeAtomically(SCRIPT, script);
  await writeAtomically(DECLARATIONS, declarations);
}

/**
 * Bundles a module with everything that it imports. The same source always yields the same text.
 *
 * @param entry the module
 * @returns the script
 * @throws {Error} if the bundler fails
 */
export async function bundleModule(entry: URL): Promise<string> {
  return await inTemporaryFolder(async (folder) => {
    await runDeno([...BUNDLE, "--output", `${folder}/out.js`, entry.href]);
    return withoutPlaces(await Deno.readTextFile(`${folder}/out.js`));
  });
}

/**
 * Removes the comments that name files outside of this project: they depend on where this machine keeps its packages, and
 * the same source must yield the same bytes everywhere.
 */
export function withoutPlaces(script: string): string {
  return script.replaceAll(/^\/\/ (\.\.[\\/]|[A-Za-z]:[\\/]|\/).*\n/gm, "");
}

// A configuration of its own, because the type libraries in that of the project contradict each other.
const BUNDLE = ["bundle", "--quiet", "--no-lock", "--config", ".tools/module.json", "--platform", "browser"];

async function declare(): Promise<string> {
  const [names, modules] = await Promise.all([publicNames(), reachableModules()]);
  // deno bundle inlines the declarations of a module only if all its names are exported.
  const entry = modules.map((module) => `export * from "../../${module}";\n`).join("");
  return await inTemporaryFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/all.ts`, entry);
    await runDeno([...BUNDLE, "--declaration", "--outdir", `${folder}/out`, `${folder}/all.ts`]);
    const declarations = pruneDeclarations(await Deno.readTextFile(`${folder}/out/all.d.ts`), names);
    // Not every configuration of TypeScript includes the library that declares `Disposable`.
    return `/// <reference lib="esnext.disposable" />\n${declarations}`;
  });
}

async function publicNames(): Promise<ReadonlySet<string>> {
  interface Documentation {
    readonly nodes: Record<string, {
      readonly symbols: readonly {
        readonly name: string;
        readonly declarations: readonly { readonly declarationKind: string }[];
      }[];
    }>;
  }
  const { nodes }: Documentation = JSON.parse(await runDeno(["doc", "--json", SOURCE.href]));
  const symbols = Object.values(nodes).flatMap((node) => node.symbols);
  const exported = symbols.filter((symbol) =>
    symbol.declarations.some((declaration) => declaration.declarationKind === "export")
  );
  return new Set(exported.map((symbol) => symbol.name));
}

/** Returns the paths, relative to `lib/`, of all modules that the source imports directly or indirectly. */
async function reachableModules(): Promise<string[]> {
  const { modules }: { modules: readonly { specifier: string }[] } = JSON.parse(
    await runDeno(["info", "--json", SOURCE.href]),
  );
  const base = new URL("./", SOURCE).href;
  const local = modules.map((module) => module.specifier).filter((specifier) => specifier.startsWith(base));
  return local.map((specifier) => specifier.slice(base.length)).filter((path) => !path.endsWith(".d.ts"));
}

async function inTemporaryFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  // The temporary folder is next to the outputs, so that relative imports of its files resolve to the
  // sources.
  const dist = new URL("./", SCRIPT);
  await Deno.mkdir(dist, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: fileURLToPath(dist), prefix: ".build_" });
  try {
    return await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
