/**
 * Builds what is not in the repository: the page's script, and the module that programs import by URL. What is newer
 * than all that it is made of is left alone. With `--watch` it goes on, and builds after every change.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { bundlePages, PAGE_OUTPUTS } from "./bundle.ts";
import { COMMIT_OUTPUTS, noteCommit } from "./commit.ts";
import { buildModule, MODULE_OUTPUTS } from "./module.ts";
import { exist } from "./outputs.ts";

const OLDEST_BUILDER = [2, 9, 6] as const;
const ROOT = new URL("../", import.meta.url);
const OUTPUTS = [...MODULE_OUTPUTS, ...PAGE_OUTPUTS, ...COMMIT_OUTPUTS];

// Editors write a file in several steps, and often several files at once.
const SETTLE_MS = 50;

/** Whether this Deno has all that building needs. What was built runs on older ones too. */
function canBuild(version: string): boolean {
  const parts = version.split(/[.+-]/).map(Number);
  const differing = OLDEST_BUILDER.findIndex((part, index) => part !== parts[index]);
  return differing < 0 || parts[differing]! > OLDEST_BUILDER[differing]!;
}

/** Builds, and says whether there is something to run; why not, in one line. */
async function build(): Promise<boolean> {
  try {
    if (canBuild(Deno.version.deno)) {
      // One after the other: on a machine that has none yet, bundlers that run at once trip over each other's esbuild.
      await bundlePages();
      await buildModule();
      await noteCommit();
    } else if (!await exist(OUTPUTS)) {
      const wanted = OLDEST_BUILDER.join(".");
      throw new Error(
        `wanted Deno ${wanted} or later, received ${Deno.version.deno}; nothing was built before`,
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
  // One after the other: two builds at once would write the same files.
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
