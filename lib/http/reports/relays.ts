/**
 * Decides which of the nodes that own tasks gets which messages of a reporter.
 *
 * @module
 */

import { parseBatch, parseReply } from "../../remote/messages.ts";
import { parseJson } from "../../task/protocol.ts";
import {
  clientOfReport,
  keyOfOwner,
  type Split,
  SplitBatches,
  splitReports,
  writePart,
} from "../cluster/split.ts";

/** Passes messages between a reporter and the owners of its tasks, by their keys. */
export interface Relay {
  /**
   * Returns what each owner gets of a message of the reporter.
   *
   * @throws {ProtocolError} if the message is not valid
   */
  toOwners(text: string): Iterable<readonly [owner: string, text: string]>;
  /** Returns what the reporter gets of a message of an owner; `null` if nothing. */
  toReporter(owner: string, text: string): string | null;
}

/** Passes everything on to the only owner. */
export class WholeRelay implements Relay {
  readonly #owner: string;

  /** @param owner the key of the owner */
  constructor(owner: string) {
    this.#owner = owner;
  }

  toOwners(text: string): Iterable<readonly [string, string]> {
    return [[this.#owner, text]];
  }

  toReporter(_owner: string, text: string): string {
    return text;
  }
}

/** Passes to each owner the reports of its tasks, and to the reporter what all owners have taken. */
export class SplitRelay implements Relay {
  readonly #split: Split;
  readonly #batches: SplitBatches = new SplitBatches();
  #secret: string | null = null;
  /** The owners that have the secret. */
  readonly #told: Set<string> = new Set();

  /** @param split the owners of the tasks */
  constructor(split: Split) {
    this.#split = split;
  }

  *toOwners(text: string): Generator<readonly [string, string]> {
    const batch = parseBatch(parseJson(text));
    this.#secret ??= batch.secret;
    const parts = splitReports(batch.reports, clientOfReport, this.#split);
    // Every owner is asked whether it is alive.
    const owners = parts.size > 0 ? [...parts.keys()] : this.#split.owners.map(keyOfOwner);
    if (parts.size > 0) this.#batches.sent(batch.batch, owners);
    for (const owner of owners) {
      const secret = this.#told.has(owner) ? null : this.#secret;
      if (secret !== null) this.#told.add(owner);
      yield [owner, writePart({ ...batch, secret }, parts.get(owner) ?? [])];
    }
  }

  toReporter(owner: string, text: string): string | null {
    const reply = parseReply(parseJson(text));
    // One of the owners responds for all.
    if (reply.type === "alive") return owner === keyOfOwner(this.#split.owners[0]!) ? text : null;
    if (reply.type !== "taken") return text;
    const batch = this.#batches.taken(owner, reply.batch);
    return batch === null ? null : JSON.stringify({ type: "taken", batch });
  }
}
