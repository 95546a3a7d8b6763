/**
 * Notes which commit is built: `lib/dist/commit.txt`, which the program embeds and `--version` shows.
 *
 * @module
 */

import { exist, writeAtomically } from "./outputs.ts";

const ROOT = new URL("../", import.meta.url);
const COMMIT = new URL("lib/dist/commit.txt", ROOT);

/** The files that {@linkcode noteCommit} makes. */
export const COMMIT_OUTPUTS: readonly URL[] = [COMMIT];

/** Writes the commit, abbreviated, with `-dirty` behind it where files differ from it; nothing where there is no git. */
export async function noteCommit(): Promise<void> {
  const commit = await readCommit();
  const noted = await Deno.readTextFile(COMMIT).catch(() => null);
  if (commit !== noted) await writeAtomically(COMMIT, commit);
}

async function readCommit(): Promise<string> {
  // A copy of the source that lies in a repository of something else is not of that repository's commit.
  if (!await exist([new URL(".git", ROOT)])) return "";
  const git = new Deno.Command("git", {
    args: ["describe", "--always", "--dirty", "--exclude=*"],
    cwd: ROOT,
    stdin: "null",
    stderr: "null",
  });
  try {
    const { success, stdout } = await git.output();
    return success ? new TextDecoder().decode(stdout).trim() : "";
  } catch {
    // There is no git here, which is no reason not to build.
    return "";
  }
}
