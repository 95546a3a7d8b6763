/**
 * Computes SHA-256 synchronously in every runtime. The Web Crypto API hashes only asynchronously, and not at
 * all in pages that were loaded over plain HTTP. The import has a complete specifier, because a module that
 * is imported by URL does not get this project's import map.
 *
 * @module
 */

// deno-lint-ignore no-import-prefix
export { sha256 } from "npm:@noble/hashes@2.4.0/sha2.js";
