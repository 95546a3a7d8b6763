/**
 * Builds what is not in the repository: the page's script, and the module that programs import by URL. What is newer
 * than all that it is made of is left alone.
 *
 * @module
 */

import { bundlePage } from "./bundle.ts";
import { buildModule, MODULE_OUTPUTS } from "./module.ts";
import { exist } from "./outputs.ts";

const OLDEST_BUILDER = [2, 9, 6] as const;
const OUTPUTS = [...MODULE_OUTPUTS, new URL("../ui/dist/", import.meta.url)];

/** Whether this Deno has all that building needs. What was built runs on older ones too. */
function canBuild(version: string): boolean {
  const parts = version.split(/[.+-]/).map(Number);
  const differing = OLDEST_BUILDER.findIndex((part, index) => part !== parts[index]);
  return differing < 0 || parts[differing]! > OLDEST_BUILDER[differing]!;
}

if (import.meta.main) {
  const oldest = OLDEST_BUILDER.join(".");
  try {
    if (canBuild(Deno.version.deno)) await Promise.all([bundlePage(), buildModule()]);
    else if (!await exist(OUTPUTS)) {
      throw new Error(
        `wanted Deno ${oldest} or later, received ${Deno.version.deno}; nothing was built before`,
      );
    }
  } catch (error) {
    // deno-lint-ignore no-console
    console.error(`Cannot build: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
