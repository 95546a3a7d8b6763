/**
 * Sums up the clients of the server, for the page that lists them.
 *
 * @module
 */

import { monotonicMs, now } from "../../clock.ts";
import type { ClientOverview } from "../../page_renderer.ts";
import type { RegistryReader } from "../../registry/registry_reader.ts";

/** The maximum number of clients on the page; those that changed last are shown. */
const MAX_CLIENTS = 100;
/** How far back failures count, in seconds: a day. */
const FAILURE_SECONDS = 24 * 60 * 60;
/** The time after which others get their turn, in milliseconds. */
const TURN_MS = 10;

/** What the page shows of all clients. */
export interface Overview {
  /** The clients that changed last, newest first. */
  readonly clients: readonly ClientOverview[];
  /** The number of clients that are left out. */
  readonly omitted: number;
}

/**
 * Sums up the clients that changed last.
 *
 * @param registry the registry of their tasks
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
