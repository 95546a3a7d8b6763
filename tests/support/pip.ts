/**
 * Runs pip, Python's package manager.
 *
 * @module
 */

import { type Ended, spawn } from "./program.ts";

let installed: Promise<string> | undefined;

/**
 * Runs pip with some arguments; with `--python`, it works on another environment. All tests of a file share its installation,
 * which takes seconds.
 */
export async function pip(args: readonly string[], options: { readonly cwd?: string } = {}): Promise<Ended> {
  const command = `${await (installed ??= install())}/bin/pip`;
  return await spawn(command, ["--disable-pip-version-check", "--no-cache-dir", ...args], options).ended();
}

async function install(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-pip-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const { code, stdout, stderr } = await spawn("/usr/bin/python3", ["-m", "venv", folder]).ended();
  if (code !== 0) throw new Error(`Cannot install pip; is python3-venv installed? ${stdout}${stderr}`);
  return folder;
}
