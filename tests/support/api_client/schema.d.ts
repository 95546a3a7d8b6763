/**
 * Placeholder for the types that `openapi-typescript` generates from `/openapi.json`, so that `program.ts` type-checks
 * without them. `tests/lib/http/openapi_client_test.ts` checks `program.ts` with the generated types.
 *
 * @module
 */

/** The paths of the API. */
// deno-lint-ignore no-explicit-any -- the paths are known only in the generated types
export type paths = any;
