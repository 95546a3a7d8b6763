/**
 * Generates ids for tasks. This is the only library that `monitored()` needs; the specifier is complete,
 * because a module imported by URL does not get our import map.
 *
 * @module
 */

// @ts-types="./ulid.d.ts"
// deno-lint-ignore no-import-prefix
export { monotonicUlid } from "npm:deno-std@1.4.0/ulid/mod.js";
