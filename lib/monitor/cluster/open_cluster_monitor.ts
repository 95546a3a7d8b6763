/**
 * Opens a monitor as a node of a cluster.
 *
 * @module
 */

import { keyFingerprint } from "../../access/key_fingerprint.ts";
import { resolveAccess } from "../../config/access_options.ts";
import { resolveLimits } from "../../config/limits.ts";
import { joinCluster } from "../../store/postgres/join_cluster.ts";
import { readAddress } from "../../store/postgres/postgres_address.ts";
import type { Monitor } from "../monitor.ts";
import type { MonitorOptions } from "../monitor_options.ts";
import { ClusterMonitor } from "./cluster_monitor.ts";

/**
 * Opens a monitor as a node of a cluster.
 *
 * @param options the options of the monitor
 * @param url the URL of the database
 * @param advertise the origin at which other nodes reach this one
 * @throws {StorageError} if the database cannot be used
 */
export async function openClusterMonitor(
  options: MonitorOptions,
  url: string,
  advertise: string,
): Promise<Monitor> {
  const { key, previousKey } = resolveAccess(options);
  const [fingerprint, previous] = [key, previousKey].map((each) => each === null ? "" : keyFingerprint(each));
  const monitor = new ClusterMonitor({
    options,
    url,
    advertise,
    key,
    previousKey,
    address: readAddress(url),
    limits: resolveLimits(options.limits),
    secret: await joinCluster(url, fingerprint!, previous!),
  });
  try {
    await monitor.open();
    return monitor;
  } catch (error) {
    await monitor[Symbol.asyncDispose]();
    throw error;
  }
}
