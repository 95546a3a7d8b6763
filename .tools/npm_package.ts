/**
 * Builds the npm package of the reporter, `lib/dist/packages/taskscope-{version}.tgz`: `monitored()` for Node and Bun, as
 * one script without dependencies, and its type declarations.
 *
 * @module
 */

import { VERSION } from "../lib/version.ts";
import { buildModule, bundleModule, DECLARATIONS } from "./module.ts";
import { isUpToDate, writeAtomically } from "./outputs.ts";
import { type ArchivedFile, createTarGz } from "./tar.ts";

const ROOT = new URL("../", import.meta.url);
const FOLDER = new URL("lib/reporters/npm/", ROOT);
const PACKAGE = new URL(`lib/dist/packages/taskscope-${VERSION}.tgz`, ROOT);

/** The files that {@linkcode buildNpmPackage} writes. */
export const NPM_OUTPUTS: readonly URL[] = [PACKAGE];

/**
 * Builds the package, unless it is newer than all its inputs.
 *
 * @throws {Error} if the bundler fails
 */
export async function buildNpmPackage(): Promise<void> {
  await buildModule();
  const inputs = ["lib/", "deno.json", "LICENSE", ".tools/"].map((path) => new URL(path, ROOT));
  if (await isUpToDate(NPM_OUTPUTS, [...inputs, DECLARATIONS])) return;
  await writeAtomically(PACKAGE, await createNpmPackage());
}

/**
 * Creates the package. The same source always yields the same bytes.
 *
 * @returns the package, a gzipped tar archive
 * @throws {Error} if the bundler fails
 */
export async function createNpmPackage(): Promise<Uint8Array<ArrayBuffer>> {
  return createTarGz(await npmFiles());
}

/**
 * Returns the files of the package.
 *
 * @param added additional fields of `package.json`
 * @throws {Error} if the bundler fails
 */
export async function npmFiles(added: Readonly<Record<string, unknown>> = {}): Promise<ArchivedFile[]> {
  const template = JSON.parse(await Deno.readTextFile(new URL("package.json", FOLDER)));
  const { name, ...fields } = template;
  const texts = {
    "package.json": `${JSON.stringify({ name, version: VERSION, ...fields, ...added }, null, 2)}\n`,
    "LICENSE": await Deno.readTextFile(new URL("LICENSE", ROOT)),
    "README.md": await Deno.readTextFile(new URL("README.md", FOLDER)),
    "monitored.d.ts": await Deno.readTextFile(DECLARATIONS),
    "monitored.js": await bundleModule(new URL("lib/monitored.ts", ROOT)),
  };
  const encoder = new TextEncoder();
  return Object.entries(texts).map(([path, text]) => ({
    path: `package/${path}`,
    bytes: encoder.encode(text),
  }));
}
