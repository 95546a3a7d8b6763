/**
 * The commit that the program was built from, as written by `.tools/commit.ts`.
 *
 * @module
 */

import noted from "./dist/commit.txt" with { type: "text" };

/** The commit, abbreviated; `""` where it was built from a copy of the source without its history. */
export const COMMIT: string = noted;
