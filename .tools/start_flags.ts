/**
 * Reads the flags and permissions that the program runs with from the task "start" in `deno.json`, which defines them.
 *
 * @module
 */

const CONFIG = new URL("../deno.json", import.meta.url);

/** The flags of `deno run` in the task "start". */
export async function startFlags(): Promise<string[]> {
  const { tasks } = JSON.parse(await Deno.readTextFile(CONFIG));
  const words: string[] = tasks.start.command.match(/'[^']*'|\S+/g);
  return words.map((word) => word.replaceAll("'", "")).filter((word) => word.startsWith("--"));
}
