/**
 * Connects a node, as the reporter of the tasks that run in it, to whichever node owns the tasks.
 *
 * @module
 */

import type { Transport, TransportEvents } from "../../remote/remote_transport.ts";

/** Where the reports of a node are sent: the owner of the tasks, or a group of owners. */
export interface OwnerTarget {
  /** Identifies the owners; a target with the same key does not need new transports. */
  readonly key: string;
  /** Opens a transport to the owner. */
  open(events: TransportEvents): Transport;
}

/** The time between two attempts to reach an owner that does not respond, in milliseconds. */
const RETRY_MS = 250;

/** Opens transports to the owner, and closes them when the owner changes. */
export class OwnerLink {
  #target: OwnerTarget | null = null;
  readonly #transports: Set<OwnerTransport> = new Set();

  /** The owner; `null` if it is unknown. */
  get target(): OwnerTarget | null {
    return this.#target;
  }

  /** Notes which node owns the tasks; `null` if none does, or it is unknown. */
  lead(target: OwnerTarget | null): void {
    if (target?.key === this.#target?.key) return;
    this.#target = target;
    for (const transport of [...this.#transports]) transport.redirect();
  }

  /** Opens a transport once an owner is known. */
  readonly open = (events: TransportEvents): Transport => {
    const transport = new OwnerTransport(this, events, () => this.#transports.delete(transport));
    this.#transports.add(transport);
    return transport;
  };
}

/** A transport that opens once an owner is known, and closes when the owner changes. */
class OwnerTransport implements Transport {
  readonly #link: OwnerLink;
  readonly #events: TransportEvents;
  readonly #onEnd: () => void;
  #inner: Transport | null = null;
  #isOpen = false;
  #isClosed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(link: OwnerLink, events: TransportEvents, onEnd: () => void) {
    this.#link = link;
    this.#events = events;
    this.#onEnd = onEnd;
    this.#connect();
  }

  get window(): number {
    return this.#inner?.window ?? 0;
  }

  send(batch: number, reports: readonly string[]): void {
    this.#inner?.send(batch, reports);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#disconnect();
    this.#onEnd();
  }

  /** Switches to another owner: an open transport closes, and one that is not open yet connects to the new owner. */
  redirect(): void {
    if (this.#isOpen) return this.#lost();
    this.#disconnect();
    this.#connect();
  }

  #connect(): void {
    const { target } = this.#link;
    if (target === null || this.#isClosed) return;
    const inner: Transport = target.open({
      onOpen: () => {
        if (this.#inner !== inner) return inner.close();
        this.#isOpen = true;
        this.#events.onOpen();
      },
      onReply: (reply) => this.#events.onReply(reply),
      onClose: (isTooLarge) => this.#ended(inner, isTooLarge),
      onRefused: () => this.#ended(inner, false),
    });
    this.#inner = inner;
  }

  #ended(inner: Transport, isTooLarge: boolean): void {
    if (this.#inner !== inner) return;
    if (this.#isOpen) return this.#lost(isTooLarge);
    this.#inner = null;
    // A node that has just become the owner may not accept reports yet.
    this.#timer = setTimeout(() => this.#connect(), RETRY_MS);
  }

  #lost(isTooLarge = false): void {
    if (this.#isClosed) return;
    this.close();
    this.#events.onClose(isTooLarge);
  }

  #disconnect(): void {
    clearTimeout(this.#timer);
    // If a peer closes a socket during the handshake, the other side may never release it. A socket that is not open
    // yet is therefore closed once it opens.
    if (this.#isOpen) this.#inner?.close();
    this.#inner = null;
  }
}
