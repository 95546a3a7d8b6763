/**
 * Creates many tasks of many clients.
 *
 * @module
 */

import { yieldToEventLoop } from "../../../lib/reporter/yield.ts";
import type { Registry } from "../../../lib/registry/registry.ts";
import { monotonicUlid } from "../../../lib/ulid.ts";
import { clientName, type Population } from "../support/monitors.ts";
import { begin, finish } from "../support/records.ts";

/**
 * Makes tasks, the clients in turns, and waits until all are committed. Those that have not ended are the newest.
 *
 * @param registry where
 * @param population how many
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
