/**
 * Looks for a program as the shell does.
 *
 * @module
 */

/** What came of looking; `unknown` where we may not look. */
export type Finding = "found" | "missing" | "not_executable" | "unknown";

/**
 * Looks for a program, so that it can be said in words why it can't be run.
 *
 * @param name the program, as it stands on a command line
 * @param searchPath what `PATH` says; `undefined` where that is not known
 * @returns whether there is one that can be executed
 */
export async function findProgram(name: string, searchPath: string | undefined): Promise<Finding> {
  if (name === "") return "missing";
  if (name.includes("/")) return await look(name);
  if (searchPath === undefined) return "unknown";
  let best: Finding = "missing";
  for (const folder of searchPath.split(":")) {
    const finding = await look(`${folder || "."}/${name}`);
    if (finding === "found" || finding === "unknown") return finding;
    if (finding === "not_executable") best = finding;
  }
  return best;
}

async function look(path: string): Promise<Finding> {
  try {
    const { isDirectory, mode } = await Deno.stat(path);
    if (mode === null) return "unknown";
    return !isDirectory && (mode & 0o111) !== 0 ? "found" : "not_executable";
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
    // The permission may be missing, or a folder be closed to us; whoever executes it will know.
    return isMissing ? "missing" : "unknown";
  }
}
