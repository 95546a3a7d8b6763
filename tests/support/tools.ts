/**
 * Finds installed programs that some tests need.
 *
 * @module
 */

/**
 * Looks for a program. Where it is missing, the test that needs it can't run: on the build machine that is a failure,
 * elsewhere it is said.
 *
 * @param names its possible names
 * @param what the tests that need it, for the warning
 * @returns its name; `undefined` if it is not installed
 */
export async function findTool(names: readonly string[], what: string): Promise<string | undefined> {
  for (const name of names) {
    try {
      await new Deno.Command(name, { args: ["--version"], stdout: "null", stderr: "null" }).output();
      return name;
    } catch {
      // Not installed under this name.
    }
  }
  const complaint = `${what} did not run: there is no ${names.join(" or ")} here`;
  if (Deno.env.get("CI") === "true") throw new Error(complaint);
  // deno-lint-ignore no-console -- a test that did not run must not look like one that passed
  console.warn(complaint);
  return undefined;
}
