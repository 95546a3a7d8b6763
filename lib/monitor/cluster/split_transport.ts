/**
 * Sends the reports of a node to the nodes that own the tasks.
 *
 * @module
 */

import {
  clientOfReport,
  keyOfOwner,
  type Split,
  SplitBatches,
  splitReports,
} from "../../http/cluster/split.ts";
import type { Owner } from "../../http/cluster/forwarder.ts";
import type { ReportReply } from "../../remote/messages.ts";
import type { Transport, TransportEvents } from "../../remote/remote_transport.ts";

/** The maximum number of batches in flight. */
const WINDOW = 32;

/**
 * Sends each report to the owner of its task. This transport closes as soon as the transport to any of the owners
 * closes.
 */
export class SplitTransport implements Transport {
  readonly window = WINDOW;
  readonly #split: Split;
  readonly #events: TransportEvents;
  readonly #batches: SplitBatches = new SplitBatches();
  readonly #transports: Map<string, Transport> = new Map();
  /** The owners whose transports are not open yet. */
  readonly #closed: Set<string>;
  #isClosed = false;

  /**
   * @param split the owners of the tasks
   * @param open opens the transport to an owner; `null` stands for this node
   * @param events the callbacks
   */
  constructor(
    split: Split,
    open: (owner: Owner | null, events: TransportEvents) => Transport,
    events: TransportEvents,
  ) {
    this.#split = split;
    this.#events = events;
    this.#closed = new Set(split.owners.map(keyOfOwner));
    for (const owner of split.owners) {
      const key = keyOfOwner(owner);
      const transport = open(owner, {
        onOpen: () => this.#opened(key),
        onReply: (reply) => this.#reply(key, reply),
        onClose: (isTooLarge) => this.#lost(isTooLarge),
        onRefused: () => this.#lost(false),
      });
      this.#transports.set(key, transport);
    }
  }

  send(batch: number, reports: readonly string[]): void {
    const parts = splitReports(reports, (report) => clientOfReport(JSON.parse(report)), this.#split);
    this.#batches.sent(batch, parts.keys());
    for (const [owner, part] of parts) this.#transports.get(owner)!.send(batch, part);
  }

  close(): void {
    this.#isClosed = true;
    // If a peer closes a socket during the handshake, the other side may never release it. Transports that are not open
    // yet are therefore closed once they open.
    for (const [owner, transport] of this.#transports) if (!this.#closed.has(owner)) transport.close();
  }

  #opened(owner: string): void {
    this.#closed.delete(owner);
    if (this.#isClosed) this.#transports.get(owner)!.close();
    else if (this.#closed.size === 0) this.#events.onOpen();
  }

  #reply(owner: string, reply: ReportReply): void {
    if (this.#isClosed) return;
    if (reply.type !== "taken") return this.#events.onReply(reply);
    const batch = this.#batches.taken(owner, reply.batch);
    if (batch !== null) this.#events.onReply({ type: "taken", batch });
  }

  #lost(isTooLarge: boolean): void {
    if (this.#isClosed) return;
    this.close();
    this.#events.onClose(isTooLarge);
  }
}
