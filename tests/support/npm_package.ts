/**
 * Installs the npm package, and runs programs that import it, in Node and in other runtimes.
 *
 * @module
 */

import { NPM_OUTPUTS } from "../../.tools/npm_package.ts";
import { type Ended, type Process, spawn } from "./program.ts";
import { IS_SOAK } from "./repetitions.ts";
import { fileURLToPath } from "node:url";

/** The path of the package that the build has made. */
export const PACKAGE: string = fileURLToPath(NPM_OUTPUTS[0]!);

/** Whether the tests also run what they would have to download: other runtimes and package managers. */
export const HAS_DOWNLOADS: boolean = Deno.env.get("TASKSCOPE_RUNTIMES") === "1";

/** The packages of npm that contain runtimes; `.ci/run` downloads the same ones before the tests. */
const BETWEEN = "node@22.23.3";
const DOWNLOADED = [BETWEEN, "node@24.21.0", "bun@1.4.5"];

/** A runtime that the package supports. */
export interface Runtime {
  readonly name: string;
  /** The path of the executable. */
  readonly command: string;
}

/**
 * Returns the runtimes to test: the Node of this machine, and others if {@linkcode HAS_DOWNLOADS}.
 *
 * @param isSlow whether the tests take long, so that only `deno task soak` tests the versions of Node between
 * the oldest and the newest one
 */
export async function runtimes(isSlow = false): Promise<readonly Runtime[]> {
  const found = [{ name: "node", words: ["node"] }];
  const downloaded = DOWNLOADED.filter((name) => !isSlow || IS_SOAK || name !== BETWEEN);
  if (HAS_DOWNLOADS) found.push(...downloaded.map((name) => ({ name, words: ["npx", "--yes", name] })));
  return await Promise.all(found.map(async ({ name, words }) => {
    // npx does not forward signals, so the tests start the runtime itself.
    const [command, ...args] = words as [string, ...string[]];
    return { name, command: (await done(spawn(command, [...args, "-p", "process.execPath"]))).stdout.trim() };
  }));
}

/** Waits for the end of a program that must succeed. */
export async function done(process: Process): Promise<Ended> {
  await using running = process;
  const ended = await running.ended();
  if (ended.code !== 0) {
    throw new Error(`The program ended with ${ended.code}: ${ended.stdout}${ended.stderr}`);
  }
  return ended;
}

let installed: Promise<string> | undefined;

/**
 * Makes the package available to the programs in a folder, without a network.
 *
 * @param folder the path of the folder
 */
export async function installPackage(folder: string): Promise<void> {
  // All folders of a test file share one installation.
  installed ??= installOnce();
  await Deno.symlink(`${await installed}/node_modules`, `${folder}/node_modules`);
}

async function installOnce(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-npm-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  await Deno.writeTextFile(`${folder}/package.json`, "{}");
  const env = { npm_config_cache: `${folder}/cache`, npm_config_update_notifier: "false" };
  await done(
    spawn("npm", ["install", "--offline", "--no-audit", "--no-fund", PACKAGE], { cwd: folder, env }),
  );
  return folder;
}
