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
  /** Whether the page is about a single task and may see no other. */
  readonly isOfTask: boolean;
  /** The URL of the stream with several subscriptions, without a query. */
  readonly sharedUrl: string;
  /** The URL of the stream with these tasks, without a query. */
  readonly ownUrl: string;
  /** The URL of the tasks. */
  readonly tasksUrl: string;
  /** The URL of the readiness check. */
  readonly readyUrl: string;
}

/** Creates the source that receives server-sent events, over a connection that all tabs share if possible. */
export function events({ sharedUrl, ownUrl, watch, isOfTask }: FallbackOptions): UpdateSource {
  return canShare() ? sharedEventSource({ url: sharedUrl, watch, isOfTask }) : eventSource(ownUrl, isOfTask);
}

/** Creates the source that polls. */
export function polling({ tasksUrl, readyUrl }: FallbackOptions): UpdateSource {
  return pollingSource(tasksUrl, readyUrl);
}
