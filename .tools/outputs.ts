/**
 * What every build step needs: whether there is something to do, and files that appear whole or not at all.
 *
 * @module
 */

/**
 * Whether all outputs exist and are newer than every input.
 *
 * @param outputs the files that a step makes
 * @param inputs what they are made of: files, and folders with everything below them but `dist`
 */
export async function isUpToDate(outputs: readonly URL[], inputs: readonly URL[]): Promise<boolean> {
  let oldest = Infinity;
  for (const output of outputs) oldest = Math.min(oldest, await modifiedAt(output) ?? -Infinity);
  for (const input of inputs) {
    for await (const file of filesBelow(input)) {
      if ((await modifiedAt(file) ?? Infinity) >= oldest) return false;
    }
  }
  return oldest > -Infinity;
}

/** Whether all of these files exist. */
export async function exist(files: readonly URL[]): Promise<boolean> {
  for (const file of files) if (await modifiedAt(file) === undefined) return false;
  return true;
}

/**
 * Writes a file so that a reader sees the old one or the new one, never a part.
 *
 * @param target where it belongs; its folder is made where it is missing
 * @param content what it holds
 */
export async function writeAtomically(target: URL, content: string | Uint8Array): Promise<void> {
  await Deno.mkdir(new URL(".", target), { recursive: true });
  const temporary = new URL(`.${crypto.randomUUID()}.tmp`, target);
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  try {
    await Deno.writeFile(temporary, bytes);
    await Deno.rename(temporary, target);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

/**
 * Runs this very Deno, whatever is on the PATH.
 *
 * @param args its arguments
 * @returns what it wrote to its output
 * @throws {Error} with what it wrote to its error output, where it fails
 */
export async function runDeno(args: readonly string[]): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: new URL("../", import.meta.url),
    env: { NO_COLOR: "1", RUST_BACKTRACE: "0" },
    stdin: "null",
  });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot run deno ${args[0]}: ${decoder.decode(stderr).trim()}`);
  return decoder.decode(stdout);
}

async function* filesBelow(place: URL): AsyncGenerator<URL> {
  const { isDirectory } = await Deno.stat(place);
  if (!isDirectory) return yield place;
  for await (const entry of Deno.readDir(place)) {
    if (entry.name === "dist") continue;
    yield* filesBelow(new URL(`${entry.name}${entry.isDirectory ? "/" : ""}`, place));
  }
}

async function modifiedAt(file: URL): Promise<number | undefined> {
  try {
    return (await Deno.stat(file)).mtime?.getTime() ?? 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
