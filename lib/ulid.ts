/**
 * Generates ids for tasks, with the only library that `monitored()` needs. The import has a complete
 * specifier, because a module that is imported by URL does not get this project's import map.
 *
 * @module
 */

// @ts-types="./ulid.d.ts"
// deno-lint-ignore no-import-prefix
export { monotonicUlid } from "npm:deno-std@1.4.0/ulid/mod.js";
