/**
 * Finds a program on the search path, as a shell does.
 *
 * @module
 */

/** The result of a search; `unknown` if a folder cannot be read. */
export type SearchResult = "found" | "missing" | "not_executable" | "unknown";

/**
 * Checks whether a program can be executed, so that an error message can explain why it cannot.
 *
 * @param name the program's name or path, as on a command line
 * @param searchPath the value of `PATH`; `undefined` if it is unknown
 * @returns whether the program exists and is executable
 */
export async function findProgram(name: string, searchPath: string | undefined): Promise<SearchResult> {
  if (name === "") return "missing";
  if (name.includes("/")) return await probe(name);
  if (searchPath === undefined) return "unknown";
  let best: SearchResult = "missing";
  for (const folder of searchPath.split(":")) {
    const finding = await probe(`${folder || "."}/${name}`);
    if (finding === "found" || finding === "unknown") return finding;
    if (finding === "not_executable") best = finding;
  }
  return best;
}

async function probe(path: string): Promise<SearchResult> {
  try {
    const { isDirectory, mode } = await Deno.stat(path);
    if (mode === null) return "unknown";
    return !isDirectory && (mode & 0o111) !== 0 ? "found" : "not_executable";
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
    // The file system or Deno's permissions deny access; only starting the program can show whether it exists.
    return isMissing ? "missing" : "unknown";
  }
}
