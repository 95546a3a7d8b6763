/**
 * A process that writes to a store and kills itself.
 *
 * @module
 */

import { moduleArgs, spawn } from "./program.ts";
import { StoreFolder } from "./store_folder.ts";
import { storedTask } from "./store_model.ts";

/** Options of {@linkcode writeAndDie}. */
export interface WriteOptions {
  /** The number of commits, each of which adds one ended task. */
  readonly commits: number;
  /** How the process ends: without closing the store, or after closing it. */
  readonly end: "kill" | "close";
}

/**
 * Commits tasks in a process of its own, which then ends.
 *
 * @param folder the folder of the store
 * @param options how much is written, and how the process ends
 */
export async function writeAndDie(folder: StoreFolder, { commits, end }: WriteOptions): Promise<void> {
  const args = await moduleArgs("tests/support/killed_writer.ts", ["--no-check", "-A"]);
  const process = spawn(Deno.execPath(), [...args, folder.path, String(commits), end]);
  const { code, stdout, stderr } = await process.ended();
  const signalled = end === "kill" ? 128 + 9 : 0;
  if (code !== signalled || stdout !== "") {
    throw new Error(`The writer ended with ${code}: ${stdout}${stderr}`);
  }
}

if (import.meta.main) {
  const [path, commits, end] = Deno.args as [string, string, string];
  const store = new StoreFolder(path).open();
  for (let n = 0; n < Number(commits); n++) {
    store.put("c", storedTask(`task-${store.seq}`, store.takeSeq(), "FINISHED"));
    await store.committed();
  }
  if (end === "kill") Deno.kill(Deno.pid, "SIGKILL");
  await store[Symbol.asyncDispose]();
}
