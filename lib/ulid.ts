/**
 * Identifiers for tasks that were given none. The one library that `monitored()` needs, by its full specifier, because
 * a module that is imported by URL does not see our import map.
 *
 * @module
 */

// @ts-types="./ulid.d.ts"
// deno-lint-ignore no-import-prefix
export { monotonicUlid } from "npm:deno-std@1.4.0/ulid/mod.js";
