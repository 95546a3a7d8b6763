/**
 * Sums up the clients of the server, for the page that lists them.
 *
 * @module
 */

import { monotonicMs, now } from "../../clock.ts";
import type { ClientOverview } from "../../page_renderer.ts";
import type { RegistryReader } from "../../registry/registry_reader.ts";

/** The maximum number of clients on the page. The page shows the clients whose tasks changed last. */
const MAX_CLIENTS = 100;
/** The period for which failed tasks are counted, in seconds: a day. */
const FAILURE_SECONDS = 24 * 60 * 60;
/** The time after which the computation lets the event loop serve other requests, in milliseconds. */
const TURN_MS = 10;

/** The data that the page shows about the clients. */
export interface Overview {
  /** The clients whose tasks changed last; the client with the latest change comes first. */
  readonly clients: readonly ClientOverview[];
  /** The number of further clients that the page does not show. */
  readonly omitted: number;
}

/**
 * Sums up the clients whose tasks changed last.
 *
 * @param registry the registry of the clients' tasks
 * @param names the tokens of all clients that have tasks
 */
export async function overviewOf(
  registry: Pick<RegistryReader, "lastSeq" | "list" | "records">,
  names: readonly string[],
): Promise<Overview> {
  const newest = names.map((client) => ({ client, seq: registry.lastSeq(client) }))
    .sort((left, right) => right.seq - left.seq).slice(0, MAX_CLIENTS);
  const clients: ClientOverview[] = [];
  let turnMs = monotonicMs();
  for (const { client } of newest) {
    if (monotonicMs() - turnMs > TURN_MS) {
      await new Promise((resolve) => setTimeout(resolve));
      turnMs = monotonicMs();
    }
    clients.push(sumUp(registry, client));
  }
  return { clients, omitted: names.length - newest.length };
}

function sumUp(
  registry: Pick<RegistryReader, "lastSeq" | "list" | "records">,
  client: string,
): ClientOverview {
  const since = now() - FAILURE_SECONDS;
  let [tasks, active, failed, lastActivity] = [0, 0, 0, 0];
  for (const { summary, active: isActive } of registry.list(client)) {
    tasks++;
    if (isActive) active++;
    if (summary.state === "ERROR" && (summary.finished_at ?? 0) >= since) failed++;
    lastActivity = Math.max(lastActivity, summary.updated_at);
  }
  return { client, tasks, active, failed, lastActivity };
}
