/**
 * Reads the resident memory of a process.
 *
 * @module
 */

import { verify } from "./harness.ts";

/** Returns the resident memory of a process in bytes, from `ps`: reading `/proc` would require all permissions. */
export async function residentBytesOf(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "rss=", "-p", String(pid)] }).output();
  const kibibytes = Number(new TextDecoder().decode(stdout));
  verify("resident memory", true, kibibytes > 0);
  return kibibytes * 1024;
}
