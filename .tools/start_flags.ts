/**
 * Reads the flags and permissions of the program from the task "start" in `deno.json`, their only definition.
 *
 * @module
 */

const CONFIG = new URL("../deno.json", import.meta.url);

/** Returns the flags of `deno run` in the task "start", including the permissions. */
export async function startFlags(): Promise<string[]> {
  const { tasks } = JSON.parse(await Deno.readTextFile(CONFIG));
  const words: string[] = tasks.start.command.match(/'[^']*'|\S+/g);
  return words.map((word) => word.replaceAll("'", "")).filter((word) => word.startsWith("--"));
}
