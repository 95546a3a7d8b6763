/**
 * Splits batches of reports into parts for the nodes that own the tasks.
 *
 * @module
 */

import type { ReportBatch } from "../../remote/messages.ts";
import { parseKey } from "../../task/protocol.ts";
import type { Owner } from "./forwarder.ts";

/** The owners of tasks that more than one node owns. */
export interface Split {
  /** Returns the owner of the tasks of a client; `null` if this node is the owner. */
  ownerOf(client: string): Owner | null;
  /** The nodes that own tasks, without duplicates; `null` stands for this node. */
  readonly owners: readonly (Owner | null)[];
}

/** Returns the key of an owner in a map: its address, or `""` for this node. */
export function keyOfOwner(owner: Owner | null): string {
  return owner?.address ?? "";
}

/**
 * Returns the reports for each owner, by the key of the owner (see {@linkcode keyOfOwner}), in the order of
 * the batch.
 *
 * @throws {ProtocolError} if a report does not name a valid task
 */
export function splitReports<Report>(
  reports: readonly Report[],
  clientOf: (report: Report) => string,
  { ownerOf }: Split,
): ReadonlyMap<string, Report[]> {
  const parts = new Map<string, Report[]>();
  for (const report of reports) {
    const key = keyOfOwner(ownerOf(clientOf(report)));
    const part = parts.get(key);
    if (part === undefined) parts.set(key, [report]);
    else part.push(report);
  }
  return parts;
}

/**
 * Returns the client of a report that is not validated yet.
 *
 * @throws {ProtocolError} if the report does not name a valid task
 */
export function clientOfReport(report: unknown): string {
  const { client, id } = (report ?? {}) as { readonly client?: unknown; readonly id?: unknown };
  return parseKey(client, id).client;
}

/** Serialises a part of a batch, which keeps the number and the time of the batch. */
export function writePart({ batch, sentAt, secret }: ReportBatch, reports: readonly unknown[]): string {
  return JSON.stringify({
    ...(secret !== null && { secret }),
    batch,
    ...(sentAt !== null && { sent_at: sentAt }),
    reports,
  });
}

/** Tracks which batches are committed by all owners of their parts. */
export class SplitBatches {
  /**
   * The batches that are not committed as a whole, in order, each with the owners that have not acknowledged
   * their parts.
   */
  readonly #open: Map<number, Set<string>> = new Map();
  /** The highest number of a batch so far. */
  #highest = 0;

  /**
   * Records that the parts of a batch are sent to owners. A batch whose number is not higher than all earlier ones is
   * ignored, because owners never acknowledge it.
   */
  sent(batch: number, owners: Iterable<string>): void {
    if (batch <= this.#highest) return;
    this.#highest = batch;
    this.#open.set(batch, new Set(owners));
  }

  /**
   * Records the acknowledgement of an owner, which covers its parts of all batches up to a number.
   *
   * @param owner the owner
   * @param upTo the number of the last batch that the owner has committed
   * @returns the number of the last batch up to which all owners have committed their parts; `null` if no
   * further batch is committed
   */
  taken(owner: string, upTo: number): number | null {
    for (const [batch, owners] of this.#open) if (batch <= upTo) owners.delete(owner);
    let done: number | null = null;
    for (const [batch, owners] of this.#open) {
      if (owners.size > 0) break;
      this.#open.delete(batch);
      done = batch;
    }
    return done;
  }
}
