/**
 * The interface of a monitor.
 *
 * @module
 */

import type { DeliveryCounts } from "../notify/receiver_queue.ts";
import type { TaskReader } from "../registry/registry_types.ts";
import type { Wrapper } from "../reporter/wrap.ts";

/** The part of `Deno.ServeHandlerInfo` that a monitor uses. */
export interface ConnectionInfo {
  /** The address of the peer. */
  readonly remoteAddr: Deno.Addr;
  /**
   * Settles when the response is sent. Without it, responses below 256 KiB that wait for slow readers do not count
   * against the limit `unsentBytes`.
   */
  readonly completed?: Promise<void>;
}

/** A registry of tasks with its page, its API and its webhooks. */
export interface Monitor extends AsyncDisposable {
  /**
   * Responds to a request for a page, the REST API, a WebSocket or an event stream. The method can be used as
   * the handler of `Deno.serve`.
   *
   * @param request the request
   * @param info the connection of the request; needed to count wrong keys by address, and unsent bytes
   */
  fetch(this: void, request: Request, info?: ConnectionInfo): Response | Promise<Response>;
  /** Wraps a function like the exported `monitored()`, but the function reports only to this monitor. */
  readonly monitored: Wrapper;
  /** The tasks, read-only. */
  readonly registry: TaskReader;
  /** The number of open watcher connections: WebSockets and event streams. */
  readonly watchers: number;
  /** The numbers of webhook deliveries since the monitor was created, by outcome. */
  readonly deliveries: DeliveryCounts;
  /**
   * Shuts down in order: stops accepting requests, notifies watchers, aborts the `task.signal` of running tasks and waits
   * for them, commits all changes, then closes WebSockets, event streams and the database file. If the changes cannot be
   * committed, everything is still closed, and the promise rejects.
   *
   * @param options how long to wait for running tasks, and how to stop listening
   */
  shutdown(this: void, options?: ShutdownOptions): Promise<void>;
}

/** Options of {@linkcode Monitor.shutdown}. */
export interface ShutdownOptions {
  /**
   * Milliseconds that running tasks have to end after their signals were aborted. Tasks that are still running
   * afterwards are marked as interrupted.
   *
   * @default {2000}
   */
  readonly graceMs?: number;
  /**
   * Stops accepting connections, and resolves once all requests have their responses. A node of a cluster calls this
   * function once other nodes own its tasks, and then closes WebSockets and event streams, so that clients reconnect to
   * other nodes. If the function is missing, requests that arrive during the shutdown get 503.
   */
  readonly stopListening?: () => Promise<void>;
}
