/**
 * The commit that the program was built from, as written by `.tools/commit.ts`.
 *
 * @module
 */

import noted from "./dist/commit.txt" with { type: "text" };

/**
 * The abbreviated commit; `""` if the program was built from a copy of the source without its git history.
 */
export const COMMIT: string = noted;
