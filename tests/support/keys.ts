/**
 * Generates client tokens and task ids for property tests.
 *
 * @module
 */

import fc from "fast-check";
import { isClientToken, isTaskId } from "../../lib/task/grammar.ts";

/** Random client tokens. */
export const clientTokens: fc.Arbitrary<string> = fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/)
  .filter(isClientToken);

/** Random task ids. */
export const taskIds: fc.Arbitrary<string> = fc.stringMatching(/^[A-Za-z0-9._:-]{1,20}$/).filter(isTaskId);
