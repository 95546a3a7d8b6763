/**
 * The script with the sources of updates that a page needs only if it can't use a WebSocket.
 *
 * @module
 */

import { eventSource, pollingSource } from "./request_sources.ts";
import { canShare } from "./shared_channel.ts";
import { sharedEventSource } from "./shared_events.ts";
import type { UpdateSource } from "./update_sources.ts";

/** The addresses of the sources. */
export interface FallbackOptions {
  /** The tasks to watch: `client` or `client/id`. */
  readonly watch: string;
  /** Whether the page is about a single task and has no access to other tasks. */
  readonly isOfTask: boolean;
  /** The URL of the stream that can carry several subscriptions, without a query. */
  readonly sharedUrl: string;
  /** The URL of the stream with only the watched tasks, without a query. */
  readonly ownUrl: string;
  /** The URL of the REST API's list of tasks, to poll. */
  readonly tasksUrl: string;
  /** The URL of the readiness check. */
  readonly readyUrl: string;
}

/** Creates the source that receives server-sent events; if possible, all tabs share one connection. */
export function events({ sharedUrl, ownUrl, watch, isOfTask }: FallbackOptions): UpdateSource {
  return canShare() ? sharedEventSource({ url: sharedUrl, watch, isOfTask }) : eventSource(ownUrl, isOfTask);
}

/** Creates the source that polls the REST API. */
export function polling({ tasksUrl, readyUrl }: FallbackOptions): UpdateSource {
  return pollingSource(tasksUrl, readyUrl);
}
