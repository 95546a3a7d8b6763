/**
 * Decides how often tests repeat what depends on chance or timing.
 *
 * @module
 */

import { EXECUTABLE } from "./program.ts";

/** Whether the long variants of tests run, as in `deno task soak`. */
export const IS_SOAK: boolean = Deno.env.get("TASKSCOPE_SOAK") === "1";

/** How often a test repeats something. */
export interface Repetitions {
  readonly gate: number;
  readonly soak: number;
  /** How often when the executable is tested, which runs the same code on the same Deno. @default {gate} */
  readonly executable?: number;
}

/** Returns how often a test repeats something in this run. */
export function repetitions({ gate, soak, executable = gate }: Repetitions): number {
  return IS_SOAK ? soak : EXECUTABLE === undefined ? gate : executable;
}
