/**
 * The entry of `/monitored.js`, which servers provide: `monitored()`, reporting to the server it was imported
 * from.
 *
 * @module
 */

import { setHomeServer } from "./reporter/home_server.ts";

// Only in this entry: the source may also be imported from a host that is not a Taskscope server.
setHomeServer(import.meta.url);

export { AmbiguousMonitorError, ConfigError, currentTask, monitored, ProtocolError } from "./monitored.ts";
