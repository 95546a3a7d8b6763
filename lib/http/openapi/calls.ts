/**
 * The list of all calls that programs can make, for the OpenAPI document and for the page at `/docs`.
 *
 * @module
 */

import type { Call, CallGroup } from "./call.ts";
import { CONTROL_CALLS } from "./calls/control.ts";
import { EVENT_CALLS } from "./calls/events.ts";
import { OPERATION_CALLS } from "./calls/operations.ts";
import { READ_CALLS } from "./calls/read.ts";
import { REPORT_CALLS } from "./calls/report.ts";

/** All calls, in groups, in the order in which a new user would make them. */
export const CALL_GROUPS: readonly CallGroup[] = [
  REPORT_CALLS,
  READ_CALLS,
  CONTROL_CALLS,
  EVENT_CALLS,
  OPERATION_CALLS,
];

/** All calls, in a flat list. */
export const CALLS: readonly Call[] = CALL_GROUPS.flatMap(({ calls }) => calls);
