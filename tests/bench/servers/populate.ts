/**
 * Fills a registry with the tasks of many clients.
 *
 * @module
 */

import { yieldToEventLoop } from "../../../lib/reporter/yield.ts";
import type { Registry } from "../../../lib/registry/registry.ts";
import { monotonicUlid } from "../../../lib/ulid.ts";
import { clientName, type Population } from "../support/monitors.ts";
import { begin, finish } from "../support/records.ts";

/**
 * Creates tasks of each client in turn, and waits until all are committed. The newest tasks are those that have not ended.
 *
 * @param registry the registry to fill
 * @param population the numbers of clients and tasks
 */
export async function populate(registry: Registry, population: Population): Promise<void> {
  const { clients, endedPerClient, livePerClient } = population;
  for (let round = 0; round < endedPerClient + livePerClient; round++) {
    for (let index = 0; index < clients; index++) {
      const id = monotonicUlid();
      begin(registry, id, clientName(index));
      if (round < endedPerClient) finish(registry, id, clientName(index));
    }
    await yieldToEventLoop(Date.now());
  }
  await registry.committed();
}
