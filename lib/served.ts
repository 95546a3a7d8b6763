/**
 * The entry of the file that servers hand out as `/monitored.js`: `monitored()`, and the knowledge of where it came from,
 * for reports to go there.
 *
 * @module
 */

import { setHomeServer } from "./reporter/home_server.ts";

// Only here: the source itself may be imported from a place that is no server of ours.
setHomeServer(import.meta.url);

export { AmbiguousMonitorError, ConfigError, currentTask, monitored, ProtocolError } from "./monitored.ts";
