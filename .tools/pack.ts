// deno-lint-ignore-file no-console -- the tool prints its result
/**
 * Makes the npm packages to publish: `taskscope`, with the reporter and a command that starts the program,
 * and one package for each executable, of which npm installs only the one for its platform: `deno task pack
 * [--output <folder>] [--repository <url>] [<executable>…]`.
 *
 * An executable's name ends with its target, as in `taskscope-x86_64-unknown-linux-gnu`. If no executable is
 * given, the tool compiles one for this machine.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { VERSION } from "../lib/version.ts";
import { compile, TARGETS } from "./compile.ts";
import { npmFiles } from "./npm_package.ts";
import { writeAtomically } from "./outputs.ts";
import { type ArchivedFile, createTar } from "./tar.ts";

const ROOT = new URL("../", import.meta.url);
const LAUNCHER = new URL("lib/launcher/taskscope.mjs", ROOT);

type Target = (typeof TARGETS)[number];

/** A package, as npm installs it. */
export interface NpmPackage {
  /** The name of the archive, without a folder. */
  readonly file: string;
  /** The compressed archive. */
  readonly archive: Uint8Array<ArrayBuffer>;
}

/** Options of {@linkcode packProgram} and {@linkcode packExecutable}. */
export interface PackOptions {
  /** The URL of the repository, which npm requires to verify where a package was built; `null` if it is unknown. */
  readonly repository: string | null;
}

/** Returns the name of the package with the executable for a target; it ends with Node's name of the platform. */
export function packageNameOf(target: Target): string {
  const { os, cpu } = platformOf(target);
  return `@taskscope/cli-${os}-${cpu}`;
}

/**
 * Makes the package `taskscope`: the reporter, as servers serve it, and a command that starts the executable.
 * The reporter and the command are in one package, so that an import works no matter whether the package came
 * from npm or from a server, and so that npx, which prefers installed packages, finds the command. Without
 * its optional dependencies, the package is as small as the one from a server.
 *
 * @param options fields of `package.json`
 */
export async function packProgram(options: PackOptions): Promise<NpmPackage> {
  const files = await npmFiles({
    bin: { taskscope: "taskscope.mjs" },
    optionalDependencies: Object.fromEntries(TARGETS.map((target) => [packageNameOf(target), VERSION])),
    ...repositoryFields(options),
  });
  const bytes = await Deno.readFile(LAUNCHER);
  return packageOf("taskscope", [...files, { path: "package/taskscope.mjs", bytes, isExecutable: true }]);
}

/**
 * Makes the package with the executable for one target.
 *
 * @param target the target that the executable was compiled for
 * @param bytes the executable
 * @param options fields of `package.json`
 */
export async function packExecutable(
  target: Target,
  bytes: Uint8Array,
  options: PackOptions,
): Promise<NpmPackage> {
  const { os, cpu } = platformOf(target);
  const name = packageNameOf(target);
  const description = `The executable of Taskscope for ${os}-${cpu}`;
  const manifest = {
    name,
    version: VERSION,
    description,
    license: "MIT",
    os: [os],
    cpu: [cpu],
    ...(os === "linux" && { libc: ["glibc"] }),
    // Yarn would keep the package in a ZIP file, from which nothing can be executed.
    preferUnplugged: true,
    ...repositoryFields(options),
  };
  const encoder = new TextEncoder();
  const readme = `# ${name}\n\n${description}, which the package \`taskscope\` installs and starts.\n`;
  return packageOf(name, [
    { path: "package/package.json", bytes: encoder.encode(`${JSON.stringify(manifest, null, 2)}\n`) },
    { path: "package/LICENSE", bytes: await Deno.readFile(new URL("LICENSE", ROOT)) },
    { path: "package/README.md", bytes: encoder.encode(readme) },
    { path: `package/bin/taskscope${os === "win32" ? ".exe" : ""}`, bytes, isExecutable: true },
  ]);
}

/**
 * Returns the target with which the name of an executable ends.
 *
 * @param path the path of the executable
 * @throws {RangeError} if the name does not end with a target
 */
export function targetOf(path: string): Target {
  const target = TARGETS.find((known) => path.replace(/\.exe$/, "").endsWith(known));
  if (target !== undefined) return target;
  throw new RangeError(`The name of "${path}" does not end with a target: ${TARGETS.join(", ")}`);
}

function platformOf(target: Target): { os: "linux" | "darwin" | "win32"; cpu: "x64" | "arm64" } {
  const os = target.includes("linux") ? "linux" : target.includes("darwin") ? "darwin" : "win32";
  return { os, cpu: target.startsWith("aarch64") ? "arm64" : "x64" };
}

function repositoryFields({ repository }: PackOptions): Readonly<Record<string, unknown>> {
  return repository === null ? {} : { repository: { type: "git", url: `git+${repository}.git` } };
}

function packageOf(name: string, files: readonly ArchivedFile[]): NpmPackage {
  return {
    // The name that `npm pack` gives an archive.
    file: `${name.replace("@", "").replace("/", "-")}-${VERSION}.tgz`,
    archive: new Uint8Array(gzipSync(createTar(files))),
  };
}

async function pack(args: readonly string[]): Promise<void> {
  const { values: { output = "npm", repository = null }, positionals } = parseArgs({
    args: [...args],
    options: { output: { type: "string" }, repository: { type: "string" } },
    allowPositionals: true,
  });
  if (positionals.length === 0) return await withExecutable((path) => pack([...args, path]));
  const executables = positionals.map((path) => [path, targetOf(path)] as const);
  const write = async ({ file, archive }: NpmPackage) => {
    await writeAtomically(pathToFileURL(resolve(fileURLToPath(ROOT), output, file)), archive);
    console.log(`${join(output, file)}: ${(archive.length / 1e6).toFixed(1)} MB`);
  };
  // Packed one after the other, because each executable takes 100 MB of memory.
  for (const [path, target] of executables) {
    await write(await packExecutable(target, await Deno.readFile(path), { repository }));
  }
  await write(await packProgram({ repository }));
}

/** Compiles an executable for this machine, which exists until `use` has ended. */
async function withExecutable(use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
  try {
    const path = join(folder, `taskscope-${Deno.build.target}`);
    await compile({ output: path, target: null });
    await use(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  try {
    await pack(Deno.args);
  } catch (error) {
    console.error(`Cannot pack: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
