/**
 * The entry point of `/monitored.js`, which servers provide: a `monitored()` that reports to the server from
 * which it was imported.
 *
 * @module
 */

import { setHomeServer } from "./reporter/home_server.ts";

// Only this entry point records the server, because the other entry points may be imported from a host that
// is not a Taskscope server.
setHomeServer(import.meta.url);

export { AmbiguousMonitorError, ConfigError, currentTask, monitored, ProtocolError } from "./monitored.ts";
