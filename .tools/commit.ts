/**
 * Writes the current commit to `lib/dist/commit.txt`, which the program embeds for `--version`.
 *
 * @module
 */

import { exist, writeAtomically } from "./outputs.ts";

const ROOT = new URL("../", import.meta.url);
const COMMIT = new URL("lib/dist/commit.txt", ROOT);

/** The files that {@linkcode writeCommit} writes. */
export const COMMIT_OUTPUTS: readonly URL[] = [COMMIT];

/**
 * Writes the abbreviated hash of the commit, followed by `-dirty` if files differ from the commit; if the
 * commit is unknown, the file is empty.
 */
export async function writeCommit(): Promise<void> {
  const commit = await readCommit();
  const written = await Deno.readTextFile(COMMIT).catch(() => null);
  if (commit !== written) await writeAtomically(COMMIT, commit);
}

async function readCommit(): Promise<string> {
  // If this is a copy of the source inside another repository, git would print the commit of that repository.
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
    // git is not installed: the build continues without a commit.
    return "";
  }
}
