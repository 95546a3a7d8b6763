/**
 * Delivers messages reliably and in order, in both directions, over a transport that loses packets. The
 * transport and the timers are injected.
 *
 * Messages are numbered from 1 and sent in batches. Every packet acknowledges the messages that its sender
 * has received, so under load acknowledgements need no packets of their own. Every packet, including resent
 * ones, also has a transmission number. The transport preserves the order of the packets it delivers, so an
 * arriving packet proves that any earlier transmission that is still missing was lost, and exactly those
 * batches are resent at once. (A transport that reorders packets only causes unnecessary resends.) Only the
 * loss of the last packets needs a timer. The timer resends a single batch, so that a peer that is merely
 * busy is not flooded; the acknowledgement of that batch reveals which other batches are missing.
 *
 * @module
 */

import { Inbox } from "./link_inbox.ts";
import { type LinkLimits, resolveLinkLimits } from "./link_limits.ts";
import { Outbox, type SentBatch } from "./link_outbox.ts";
import type { Packet } from "./packet.ts";

/** The timer functions of a link, injected because tests and runtimes differ in them. */
export interface LinkTimers {
  /** Calls `callback` once after a delay in milliseconds. */
  set(callback: () => void, delayMs: number): unknown;
  /** Cancels a timer that {@linkcode LinkTimers.set} returned. Expired timers and `undefined` are ignored. */
  clear(timer: unknown): void;
}

/** Options of a {@linkcode Link}. */
export interface LinkOptions {
  /** Sends a packet to the peer, without delivery guarantee. Must not throw. */
  readonly transmit: (packet: Packet) => void;
  /** Called with each message from the peer. */
  readonly deliver: (message: string) => void;
  /**
   * Called with errors thrown by {@linkcode LinkOptions.deliver} or {@linkcode LinkOptions.onDrain}; the link
   * keeps working.
   */
  readonly onError: (error: unknown) => void;
  /** Called when the backlog of a congested link has fallen to half of the limits. */
  readonly onDrain?: () => void;
  readonly timers: LinkTimers;
  /** Overrides individual defaults of {@linkcode LinkLimits}. */
  readonly limits?: Partial<LinkLimits>;
}

/** Thrown if a link is used after it was closed, or is closed while messages or requests are pending. */
export class LinkClosedError extends Error {
  override readonly name = "LinkClosedError";
}

/**
 * One end of a reliable, ordered stream of messages in each direction.
 *
 * A new link is disconnected: it queues messages, but transmits none before {@linkcode Link.connect} is
 * called. A link keeps unacknowledged messages, so that its peer can be replaced at any time.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #limits: LinkLimits;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #waiters = new Set<PromiseWithResolvers<void>>();
  #connected = false;
  #closed = false;
  #congested = false;
  #flushing = false;
  #transmission = 0;
  #unanswered = 0;
  #repeats = 0;
  #acknowledgeTimer: unknown;
  #resendTimer: unknown;
  #resent = 0;

  /**
   * @param options the transport, the timers, the receiver and the limits
   * @throws {RangeError} if a limit is not a positive integer
   */
  constructor(options: LinkOptions) {
    this.#options = options;
    this.#limits = resolveLinkLimits(options.limits);
    this.#inbox = new Inbox(this.#limits.windowBatches);
    this.#outbox = new Outbox(this.#limits);
  }

  /** The number of unacknowledged messages. */
  get backlog(): number {
    return this.#outbox.backlog;
  }

  /**
   * Whether the backlog exceeded `congestedMessages` or `congestedLength`, and has not fallen to half of
   * these limits since.
   */
  get congested(): boolean {
    return this.#congested;
  }

  /** The number of the oldest unacknowledged message. */
  get oldest(): number {
    return this.#outbox.oldest;
  }

  /** The number of the next message that this end expects. */
  get next(): number {
    return this.#inbox.next;
  }

  /** The number of packets from the peer that were lost, according to their transmission numbers. */
  get lost(): number {
    return this.#inbox.lost;
  }

  /** The number of batches that were resent. */
  get resent(): number {
    return this.#resent;
  }

  /**
   * Queues a message. If the link is idle, the message is transmitted at the end of the current turn of the
   * event loop.
   *
   * @param message the message to send
   * @returns the number of the message
   * @throws {LimitError} if the backlog has reached `maxQueuedMessages` or `maxQueuedLength`; the message was
   * not queued
   * @throws {LinkClosedError} if the link is closed
   */
  send(message: string): number {
    if (this.#closed) throw new LinkClosedError("Cannot send message: the link is closed");
    const number = this.#outbox.push(message);
    if (this.#exceeds(1)) this.#congested = true;
    if (this.#connected && !this.#flushing) {
      this.#flushing = true;
      queueMicrotask(() => {
        this.#flushing = false;
        this.#flush();
      });
    }
    return number;
  }

  /**
   * Connects to a peer, which may replace an earlier peer, and transmits all messages that the peer has not
   * acknowledged.
   *
   * @param acknowledged the number of the next message that the peer expects
   * @param next the number of the next message that this end expects from the peer
   */
  connect(acknowledged: number, next: number): void {
    if (this.#closed) return;
    this.disconnect();
    this.#connected = true;
    this.#inbox.restart(next);
    if (acknowledged <= this.#outbox.firstUnsent) this.#acknowledged(acknowledged, []);
    for (const batch of this.#outbox.unacknowledged) {
      batch.held = false;
      this.#transmit(batch);
    }
    this.#flush();
  }

  /** Disconnects from the peer. Messages are still queued, but no longer transmitted. */
  disconnect(): void {
    this.#connected = false;
    this.#repeats = 0;
    this.#unanswered = 0;
    this.#options.timers.clear(this.#acknowledgeTimer);
    this.#options.timers.clear(this.#resendTimer);
    this.#acknowledgeTimer = undefined;
    this.#resendTimer = undefined;
  }

  /** Drops all unacknowledged messages, whose numbers are not reused. */
  clear(): void {
    this.#outbox.clear();
    this.#settle();
  }

  /** Sends an acknowledgement, which also serves as a keep-alive. */
  acknowledge(): void {
    if (this.#connected) this.#transmit();
  }

  /**
   * Handles a packet from the peer. The packet's messages are delivered, in order, before this method
   * returns.
   *
   * @param packet a packet of valid shape; it is ignored if it acknowledges messages that were never sent
   */
  receive(packet: Packet): void {
    if (packet.next > this.#outbox.firstUnsent || packet.seen > this.#transmission) return;
    if (!this.#connected) return;
    this.#inbox.accept(packet);
    this.#acknowledged(packet.next, packet.held);
    for (const batch of this.#outbox.lostBefore(packet.seen)) this.#repeat(batch);
    if (packet.messages.length > 0) this.#deliver();
    this.#flush();
  }

  /**
   * Resolves when the peer has acknowledged all messages sent so far; at once if no messages are pending.
   *
   * @throws {LinkClosedError} if the link is closed before the acknowledgement
   */
  drained(): Promise<void> {
    if (this.#closed) return Promise.reject(new LinkClosedError("Cannot drain link: it is closed"));
    if (this.backlog === 0) return Promise.resolve();
    const waiter = Promise.withResolvers<void>();
    this.#waiters.add(waiter);
    return waiter.promise;
  }

  /**
   * Closes the link: drops all messages, and rejects pending calls of {@linkcode Link.drained}. Idempotent.
   */
  close(): void {
    this.disconnect();
    this.#closed = true;
    this.#outbox.clear();
    this.#inbox.stop();
    const error = new LinkClosedError("Cannot drain link: it was closed with unacknowledged messages");
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters.clear();
  }

  #deliver(): void {
    this.#unanswered++;
    this.#inbox.deliver(this.#options.deliver, this.#options.onError);
    if (!this.#connected || this.#unanswered === 0) return;
    if (this.#unanswered * 2 >= this.#limits.windowBatches) {
      this.#transmit();
    } else {
      this.#acknowledgeTimer ??= this.#options.timers.set(() => this.#transmit(), 0);
    }
  }

  #flush(): void {
    if (!this.#connected) return;
    for (let batch = this.#outbox.nextBatch(); batch !== undefined; batch = this.#outbox.nextBatch()) {
      this.#transmit(batch);
    }
  }

  #repeat(batch: SentBatch): void {
    this.#resent++;
    this.#transmit(batch);
  }

  #transmit(batch?: SentBatch): void {
    this.#options.timers.clear(this.#acknowledgeTimer);
    this.#acknowledgeTimer = undefined;
    this.#unanswered = 0;
    this.#transmission++;
    if (batch !== undefined) {
      batch.transmission = this.#transmission;
      this.#resendTimer ??= this.#awaitAcknowledgement();
    }
    this.#options.transmit({
      transmission: this.#transmission,
      first: batch?.first ?? 0,
      messages: batch?.messages ?? [],
      next: this.#inbox.next,
      seen: this.#inbox.seen,
      held: this.#inbox.held,
    });
  }

  #awaitAcknowledgement(): unknown {
    const { resendAfterMs, maxResendAfterMs } = this.#limits;
    return this.#options.timers.set(() => {
      this.#resendTimer = undefined;
      this.#repeats++;
      // Even if the peer already holds later batches, it is waiting for the oldest unacknowledged one.
      const oldest = this.#outbox.unacknowledged[0];
      if (oldest !== undefined) this.#repeat(oldest);
    }, Math.min(resendAfterMs * 2 ** this.#repeats, maxResendAfterMs));
  }

  #acknowledged(next: number, held: readonly number[]): void {
    if (!this.#outbox.acknowledge(next, held)) return;
    this.#repeats = 0;
    this.#options.timers.clear(this.#resendTimer);
    this.#resendTimer = this.#outbox.unacknowledged.length > 0 ? this.#awaitAcknowledgement() : undefined;
    this.#settle();
  }

  /** Returns whether the backlog exceeds a share of `congestedMessages` or `congestedLength`. */
  #exceeds(share: number): boolean {
    const { congestedMessages, congestedLength } = this.#limits;
    return this.backlog > congestedMessages * share || this.#outbox.length > congestedLength * share;
  }

  #settle(): void {
    if (this.backlog === 0) {
      for (const waiter of this.#waiters) waiter.resolve();
      this.#waiters.clear();
    }
    if (this.#congested && !this.#exceeds(1 / 2)) {
      this.#congested = false;
      try {
        this.#options.onDrain?.();
      } catch (error) {
        this.#options.onError(error);
      }
    }
  }
}
