/**
 * Stands in for the types that `openapi-typescript` generates from `/openapi.json`, so that the program beside it
 * type-checks as it is. `tests/lib/http/openapi_client_test.ts` checks the program with the generated types.
 *
 * @module
 */

/** The paths of the API. */
// deno-lint-ignore no-explicit-any -- any path, as they are not known here
export type paths = any;
