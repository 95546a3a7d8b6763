/**
 * Shares the limit of clients between addresses, so that one address can't use it up with made-up client tokens.
 *
 * @module
 */

import type { TaskRegistry } from "../registry/task_registry.ts";
import { addressGroup, addressOf } from "./address.ts";
import { limitReached } from "./problem.ts";

/**
 * Matches the networks of this machine. Their users are not held to a share of the limit, because they could stop
 * the server anyway.
 */
const LOOPBACK = /^(?:127\.|::1$|0:0:0:0::\/64$)/;

/** The number of remembered networks at which networks whose clients have no tasks any more are forgotten. */
const MANY_NETWORKS = 10_000;

/**
 * Counts the clients that each network has created. Each network may have at most as many clients as remain
 * free: the first network half of the limit, a second network a quarter. So a further network can always
 * create clients.
 */
export class ClientShares {
  readonly #registry: Pick<TaskRegistry, "hasClient" | "freeClients">;
  readonly #proxies: ReadonlySet<string>;
  /** The clients that each network has created since the server started. */
  readonly #created: Map<string, Set<string>> = new Map();

  /**
   * @param registry knows the clients that have tasks
   * @param proxies the addresses of proxies whose `X-Forwarded-For` header is trusted
   */
  constructor(registry: Pick<TaskRegistry, "hasClient" | "freeClients">, proxies: ReadonlySet<string>) {
    this.#registry = registry;
    this.#proxies = proxies;
  }

  /**
   * Returns the network that a request came from.
   *
   * @param request the request
   * @param peer the address at the other end of the request's connection; `""` if it is unknown
   * @returns the network; `null` if the network is unknown or is this machine, which has no share of the
   * limit
   */
  networkOf(request: Request, peer: string): string | null {
    if (peer === "") return null;
    const network = addressGroup(addressOf(request, peer, this.#proxies));
    return LOOPBACK.test(network) ? null : network;
  }

  /**
   * Counts a client that a network is about to create; a client that already has tasks is not counted.
   *
   * @param client the client token
   * @param network the network; `null` for a network that has no share of the limit
   * @throws {Problem} 503 if the network has created as many clients as are left for others
   */
  claim(client: string, network: string | null): void {
    if (network === null || this.#registry.hasClient(client)) return;
    const created = this.#created.get(network) ?? new Set();
    const free = this.#registry.freeClients;
    if (created.size >= free) {
      for (const each of created) if (!this.#registry.hasClient(each)) created.delete(each);
    }
    if (created.size >= free) {
      throw limitReached(
        `Your network has created ${created.size} clients; the remaining ${free} are reserved for other networks`,
      );
    }
    if (this.#created.size >= MANY_NETWORKS) this.#forgetUnused();
    this.#created.set(network, created.add(client));
  }

  /** Forgets the networks none of whose clients has tasks. */
  #forgetUnused(): void {
    for (const [network, created] of this.#created) {
      if (![...created].some((each) => this.#registry.hasClient(each))) this.#created.delete(network);
    }
  }
}
