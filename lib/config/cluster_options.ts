/**
 * Validates the options of a node of a cluster.
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import { isPostgresUrl } from "../store/postgres_url.ts";

/** Options for several servers that share a database. */
export interface ClusterOptions {
  readonly advertise?: string | undefined;
  readonly data?: string | undefined;
  readonly key?: string | undefined;
  readonly nodeCa?: string | undefined;
}

/**
 * Validates the options of a node.
 *
 * @param options the user's options
 * @returns the origin at which the other nodes reach this one; `null` if it is the only node
 * @throws {ConfigError} if an option is invalid
 */
export function resolveAdvertise({ advertise, data = "", key, nodeCa }: ClusterOptions): string | null {
  if (nodeCa !== undefined && !nodeCa.includes("-----BEGIN CERTIFICATE-----")) {
    throw new ConfigError("Cannot use the certificate of --node-ca: wanted PEM");
  }
  if (advertise === undefined) {
    if (nodeCa === undefined) return null;
    throw new ConfigError(
      "Only a node of a cluster checks certificates of others: --node-ca needs --advertise",
    );
  }
  const url = URL.canParse(advertise) ? new URL(advertise) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || `${url.origin}/` !== url.href) {
    throw new ConfigError(
      `Cannot advertise "${
        advertise.slice(0, 200)
      }": wanted the address of this node for the others, such as ` +
        "http://10.0.0.5:8000, without a path",
    );
  }
  if (!isPostgresUrl(data)) {
    throw new ConfigError(
      "Cannot join a cluster: the nodes share a PostgreSQL database, wanted data postgres://user@host/database",
    );
  }
  if (key === undefined && !isLoopback(url.hostname)) {
    throw new ConfigError(
      `Cannot advertise ${url.origin}: nodes on several machines need a key; without one, wanted an address on this ` +
        "machine, such as http://127.0.0.1:8000",
    );
  }
  return url.origin;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}
