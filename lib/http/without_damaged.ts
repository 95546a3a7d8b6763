/**
 * Leaves damaged records out of the response to a request.
 *
 * @module
 */

import { DamagedRecordError } from "../errors.ts";
import type { Answer } from "./route.ts";

/**
 * Calls a function that responds to a request, and calls it again after each damaged record that it finds,
 * because the store leaves that record out from then on.
 *
 * @param read responds to a request that changes nothing
 * @param met the error messages about the damaged records found so far
 */
export function withoutDamaged(read: () => Answer, met: readonly string[] = []): Answer {
  const again = (error: unknown): Answer => {
    if (!(error instanceof DamagedRecordError) || met.includes(error.message)) throw error;
    return withoutDamaged(read, [...met, error.message]);
  };
  try {
    const answer = read();
    return answer instanceof Promise ? answer.catch(again) : answer;
  } catch (error) {
    return again(error);
  }
}
