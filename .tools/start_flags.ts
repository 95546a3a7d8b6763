/**
 * What the program is run with: the flags and permissions of the task "start", which is the one place that says them.
 *
 * @module
 */

const CONFIG = new URL("../deno.json", import.meta.url);

/** The flags that the task "start" gives to Deno, in front of the module. */
export async function startFlags(): Promise<string[]> {
  const { tasks } = JSON.parse(await Deno.readTextFile(CONFIG));
  const words: string[] = tasks.start.command.match(/'[^']*'|\S+/g);
  return words.map((word) => word.replaceAll("'", "")).filter((word) => word.startsWith("--"));
}
