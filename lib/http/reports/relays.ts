/**
 * Decides which messages of a reporter each owner of its tasks gets, and which messages of owners the
 * reporter gets.
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

/**
 * Selects the messages to pass between a reporter and the owners of its tasks. Owners are identified by their
 * keys, see {@linkcode keyOfOwner}.
 */
export interface Relay {
  /**
   * Returns the messages to send to owners for a message of the reporter.
   *
   * @throws {ProtocolError} if the message is not valid
   */
  toOwners(text: string): Iterable<readonly [owner: string, text: string]>;
  /**
   * Returns the message to send to the reporter for a message of an owner; `null` if the reporter gets none.
   */
  toReporter(owner: string, text: string): string | null;
}

/** Passes all messages on unchanged, to and from the only owner. */
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

/**
 * Passes each report to the owner of its task, and acknowledges a batch once all owners have acknowledged
 * their parts.
 */
export class SplitRelay implements Relay {
  readonly #split: Split;
  readonly #batches: SplitBatches = new SplitBatches();
  #secret: string | null = null;
  /** The owners to which the reporter's secret was sent. */
  readonly #told: Set<string> = new Set();

  /** @param split the owners of the tasks */
  constructor(split: Split) {
    this.#split = split;
  }

  *toOwners(text: string): Generator<readonly [string, string]> {
    const batch = parseBatch(parseJson(text));
    this.#secret ??= batch.secret;
    const parts = splitReports(batch.reports, clientOfReport, this.#split);
    // A batch without reports is a keep-alive, which every owner gets.
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
    // Only the reply of the first owner to a keep-alive is passed on, so that the reporter gets one reply.
    if (reply.type === "alive") return owner === keyOfOwner(this.#split.owners[0]!) ? text : null;
    if (reply.type !== "taken") return text;
    const batch = this.#batches.taken(owner, reply.batch);
    return batch === null ? null : JSON.stringify({ type: "taken", batch });
  }
}
