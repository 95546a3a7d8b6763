/**
 * Checks whether nodes are ready, as load balancers do.
 *
 * @module
 */

import type { Member } from "./member.ts";

/** The time between two checks of a node, in milliseconds. */
const INTERVAL_MS = 50;

/** Checks nodes regularly until disposal. */
export class HealthChecks implements AsyncDisposable {
  readonly #ready: Set<Member>;
  readonly #checks: readonly Promise<void>[];
  #isOver = false;

  /** @param members the nodes, all of which are ready */
  constructor(members: readonly Member[]) {
    this.#ready = new Set(members);
    this.#checks = members.map((member) => this.#repeat(member));
  }

  /** The ports of the nodes that were ready at their last check. */
  get ports(): readonly number[] {
    return Array.from(this.#ready, ({ port }) => port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#checks);
  }

  async #repeat(member: Member): Promise<void> {
    while (!this.#isOver) {
      if (await isReady(member)) this.#ready.add(member);
      else this.#ready.delete(member);
      await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    }
  }
}

/** Whether a node says that it is ready; on a busy machine, the answer may take some time. */
async function isReady({ url }: Member): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
