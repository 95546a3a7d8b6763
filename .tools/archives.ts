/**
 * Encodes the built packages as texts, which the program embeds: imports of bytes are not stable in Deno, and JSR refuses
 * them. `lib/dist/packages/taskscope-{version}.tgz` becomes `taskscope-{version}.tgz.base64`, and so on.
 *
 * @module
 */

import { NPM_OUTPUTS } from "./npm_package.ts";
import { isUpToDate, writeAtomically } from "./outputs.ts";
import { PYTHON_OUTPUTS } from "./python_package.ts";

const ARCHIVES = [...NPM_OUTPUTS, ...PYTHON_OUTPUTS].filter(({ pathname }) => /\.(tgz|whl)$/.test(pathname));

/** The files that {@linkcode encodeArchives} writes. */
export const ARCHIVE_OUTPUTS: readonly URL[] = ARCHIVES.map((archive) => new URL(`${archive.href}.base64`));

/** Encodes the packages, unless the texts are newer. */
export async function encodeArchives(): Promise<void> {
  if (await isUpToDate(ARCHIVE_OUTPUTS, ARCHIVES)) return;
  for (const [index, archive] of ARCHIVES.entries()) {
    await writeAtomically(ARCHIVE_OUTPUTS[index]!, (await Deno.readFile(archive)).toBase64());
  }
}
