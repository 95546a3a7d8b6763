/**
 * The options of a {@linkcode LiveUpdates}: sources of updates, callbacks and timeouts.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import type { Reconnection } from "../shared/connection_text.ts";
import type { UpdateSourceName } from "../shared/view.ts";
import type { ProbeResult } from "./probe.ts";
import type { UpdateSource } from "./update_sources.ts";

/** The state of the connection. */
export type ConnectionStatus =
  | { readonly kind: "connecting" }
  | { readonly kind: "live"; readonly over: UpdateSourceName }
  /** The page is still live, but the server has announced its shutdown. */
  | { readonly kind: "closing" }
  /** The connection was lost; a retry is scheduled. */
  | { readonly kind: "reconnecting"; readonly reason: string | null }
  /** The connection was lost and will not be retried. */
  | { readonly kind: "stopped"; readonly reason: string };

/** The options of a {@linkcode LiveUpdates}. */
export interface LiveUpdatesOptions {
  /** The sources of updates, best first. */
  readonly sources: readonly [UpdateSource, ...UpdateSource[]];
  /** The name of the source to start with, such as the source that worked last. @default {the best source} */
  readonly first?: UpdateSourceName | null;
  /** The cursor from which to resume. */
  readonly cursor: string;
  /** Receives changed tasks and the ids of removed tasks. */
  readonly onChanges: (tasks: readonly Task[], removed: readonly string[]) => void;
  /** Receives all tasks, if the server can't send the changes since the cursor. */
  readonly onReplace: (tasks: readonly Task[]) => void;
  readonly onStatus: (status: ConnectionStatus) => void;
  /** Called after each reconnect, once the missed changes were passed on. */
  readonly onReconnect: (back: Reconnection) => void;
  /**
   * Receives the server's storage error, or `null` if there is none. The same value may be passed repeatedly.
   */
  readonly onDegradation: (detail: string | null) => void;
  /** Called whenever data arrives from the server. */
  readonly onActivity: () => void;
  /** Checks over plain HTTP whether the server is reachable and still serves this page. */
  readonly probe: () => Promise<ProbeResult>;
  /**
   * The upper bound of the first retry delay, in milliseconds. The delay is random below the bound, and the bound
   * doubles with each retry.
   * @default {500}
   */
  readonly minRetryMs?: number;
  /** The maximum retry delay, in milliseconds. @default {10_000} */
  readonly maxRetryMs?: number;
  /** The time without any data after which the server is probed and pinged, in milliseconds. @default {20_000} */
  readonly silenceMs?: number;
  /**
   * How long the server may take to answer a ping, in milliseconds; longer than the interval of the keep-alives of an
   * event stream, which is not pinged.
   * @default {20_000}
   */
  readonly pongMs?: number;
  /**
   * How long a new subscription may wait for the first data from the server, in milliseconds. The subscription may wait
   * three times as long for the missed changes.
   * @default {6_000}
   */
  readonly openMs?: number;
  /** How long the page waits for its task if the server does not have it, in milliseconds. @default {10_000} */
  readonly missingMs?: number;
  /**
   * The delay before a better source is tried again, in milliseconds; doubles with each failure, up to 5
   * minutes. @default {15_000}
   */
  readonly trialMs?: number;
}
