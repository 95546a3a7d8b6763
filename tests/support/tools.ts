/**
 * Finds installed programs that some tests need.
 *
 * @module
 */

/**
 * Looks for an installed program. If it is missing, the tests that need it cannot run: that is an error if `CI` is true,
 * and otherwise causes a warning.
 *
 * @param names the possible names of the program
 * @param what which tests need the program; the warning names them
 * @returns the name of the installed program; `undefined` if it is not installed
 */
export async function findTool(names: readonly string[], what: string): Promise<string | undefined> {
  for (const name of names) {
    try {
      await new Deno.Command(name, { args: ["--version"], stdout: "null", stderr: "null" }).output();
      return name;
    } catch {
      // The program is not installed under this name.
    }
  }
  const complaint = `${what} did not run: there is no ${names.join(" or ")} here`;
  if (Deno.env.get("CI") === "true") throw new Error(complaint);
  // deno-lint-ignore no-console -- otherwise a test that did not run would look as if it had passed
  console.warn(complaint);
  return undefined;
}
