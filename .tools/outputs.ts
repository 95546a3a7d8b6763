/**
 * Helpers for build steps: detect outdated files, write files atomically, run Deno.
 *
 * @module
 */

/**
 * Whether all outputs exist and are newer than every input.
 *
 * @param outputs the files that the build step writes
 * @param inputs the files that the build step reads; a folder stands for all its files except those in `dist`
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

/** Whether all of the given files exist. */
export async function exist(files: readonly URL[]): Promise<boolean> {
  for (const file of files) if (await modifiedAt(file) === undefined) return false;
  return true;
}

/**
 * Writes a file atomically: a concurrent reader gets all of the old or all of the new content.
 *
 * @param target the file, whose folder is created if it is missing
 * @param content the new content of the file
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
 * Runs the Deno executable that runs this process, not the one on the PATH.
 *
 * @param args the arguments of Deno
 * @returns the text that Deno writes to stdout
 * @throws {Error} if Deno fails; the message contains the text that it wrote to stderr
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

async function* filesBelow(path: URL): AsyncGenerator<URL> {
  const { isDirectory } = await Deno.stat(path);
  if (!isDirectory) return yield path;
  for await (const entry of Deno.readDir(path)) {
    if (entry.name === "dist") continue;
    yield* filesBelow(new URL(`${entry.name}${entry.isDirectory ? "/" : ""}`, path));
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
