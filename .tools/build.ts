/**
 * Builds the generated files: the page scripts, the module that programs import by URL, the packages, and the commit.
 * Skips files that are newer than all their inputs. With `--watch`, rebuilds after every change of the source.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { ARCHIVE_OUTPUTS, encodeArchives } from "./archives.ts";
import { bundlePages, PAGE_OUTPUTS } from "./bundle.ts";
import { COMMIT_OUTPUTS, writeCommit } from "./commit.ts";
import { buildModule, MODULE_OUTPUTS } from "./module.ts";
import { buildNpmPackage, NPM_OUTPUTS } from "./npm_package.ts";
import { exist } from "./outputs.ts";
import { buildPythonPackage, PYTHON_OUTPUTS } from "./python_package.ts";

/** The oldest version of Deno that can build; the built files also run on older versions. */
const OLDEST_BUILDER = [2, 9, 6] as const;
const ROOT = new URL("../", import.meta.url);
const OUTPUTS = [
  ...MODULE_OUTPUTS,
  ...PAGE_OUTPUTS,
  ...NPM_OUTPUTS,
  ...PYTHON_OUTPUTS,
  ...ARCHIVE_OUTPUTS,
  ...COMMIT_OUTPUTS,
];

/** The delay between the last change and a rebuild, in milliseconds, because editors save a file in several steps. */
const SETTLE_MS = 50;

/** Whether a version of Deno is new enough to build. */
export function canBuild(version: string): boolean {
  const parts = version.split(/[.+-]/).map(Number);
  const differing = OLDEST_BUILDER.findIndex((part, index) => part !== parts[index]);
  return differing < 0 || parts[differing]! > OLDEST_BUILDER[differing]!;
}

/** Builds all files, or prints why that failed; returns whether all files now exist. */
async function build(): Promise<boolean> {
  try {
    if (canBuild(Deno.version.deno)) {
      // The bundlers run one after the other, because concurrent ones disturb each other's first download of esbuild.
      await bundlePages();
      await buildModule();
      await buildNpmPackage();
      await buildPythonPackage();
      await encodeArchives();
      await writeCommit();
    } else if (!await exist(OUTPUTS)) {
      const wanted = OLDEST_BUILDER.join(".");
      throw new Error(
        `it needs Deno ${wanted} or later, this is ${Deno.version.deno}, and there are no built files`,
      );
    }
    return true;
  } catch (error) {
    // deno-lint-ignore no-console
    console.error(`Cannot build: ${error instanceof Error ? error.message : error}`);
    return false;
  }
}

async function buildOnChanges(): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  // Builds run one after the other, because concurrent ones would write the same files.
  let last: Promise<unknown> = Promise.resolve();
  const folders = ["lib", "ui"].map((folder) => fileURLToPath(new URL(folder, ROOT)));
  for await (const { kind, paths } of Deno.watchFs(folders)) {
    if (kind === "access" || paths.every((path) => /[\\/]dist([\\/]|$)/.test(path))) continue;
    clearTimeout(timer);
    timer = setTimeout(() => last = last.then(build), SETTLE_MS);
  }
}

if (import.meta.main) {
  const built = await build();
  if (Deno.args.includes("--watch")) await buildOnChanges();
  else if (!built) Deno.exit(1);
}
