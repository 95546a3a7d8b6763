/**
 * Builds the generated files: page scripts, the module that programs import by URL, and the commit. Skips files that are
 * newer than all their inputs. With `--watch`, rebuilds after every change.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { bundlePages, PAGE_OUTPUTS } from "./bundle.ts";
import { COMMIT_OUTPUTS, writeCommit } from "./commit.ts";
import { buildModule, MODULE_OUTPUTS } from "./module.ts";
import { exist } from "./outputs.ts";

/** The oldest Deno that can build. Built files also run on older versions. */
const OLDEST_BUILDER = [2, 9, 6] as const;
const ROOT = new URL("../", import.meta.url);
const OUTPUTS = [...MODULE_OUTPUTS, ...PAGE_OUTPUTS, ...COMMIT_OUTPUTS];

/** Delay of a rebuild after the last change, in milliseconds: editors save a file in several steps. */
const SETTLE_MS = 50;

/** Whether a version of Deno is new enough to build. */
function canBuild(version: string): boolean {
  const parts = version.split(/[.+-]/).map(Number);
  const differing = OLDEST_BUILDER.findIndex((part, index) => part !== parts[index]);
  return differing < 0 || parts[differing]! > OLDEST_BUILDER[differing]!;
}

/** Builds, or prints why it cannot; returns whether all outputs exist. */
async function build(): Promise<boolean> {
  try {
    if (canBuild(Deno.version.deno)) {
      // Sequentially: on the first run, concurrent bundlers interfere with each other's download of esbuild.
      await bundlePages();
      await buildModule();
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
  // Sequentially: two concurrent builds would write the same files.
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
