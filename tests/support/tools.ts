/**
 * Programs of this machine that some tests need.
 *
 * @module
 */

/**
 * Looks for a program. Where it is missing, the test that needs it can't run: on the build machine that is a failure,
 * elsewhere it is said.
 *
 * @param names what it may be called
 * @param what which tests do not run without it
 * @returns its name; `undefined` where there is none
 */
export async function findTool(names: readonly string[], what: string): Promise<string | undefined> {
  for (const name of names) {
    try {
      await new Deno.Command(name, { args: ["--version"], stdout: "null", stderr: "null" }).output();
      return name;
    } catch {
      // Not under this name.
    }
  }
  const complaint = `${what} did not run: there is no ${names.join(" or ")} here`;
  if (Deno.env.get("CI") === "true") throw new Error(complaint);
  // deno-lint-ignore no-console -- a test that did not run must not look like one that passed
  console.warn(complaint);
  return undefined;
}
