/**
 * Reliable delivery over a transport that loses: every message once and in order, in both directions. Pure: the
 * transport and the timers are handed in.
 *
 * Messages are numbered from 1 and travel in batches. Every packet says what its sender has received, so that an
 * acknowledgement costs no packet of its own where there is traffic. Every packet also has a number of its own, one
 * more with each transmission, repeats included. The transport keeps the order of what it does not lose, so a packet
 * that arrived proves that what was transmitted before it and is still missing was lost: exactly that is repeated, at
 * once. (A transport that reorders costs repeats, nothing else.) Only the loss of the last packets needs a timer, and
 * that repeats a single batch: its acknowledgement tells the rest. A peer that is merely busy is not flooded.
 *
 * @module
 */

import { Inbox } from "./link_inbox.ts";
import { type LinkLimits, resolveLinkLimits } from "./link_limits.ts";
import { Outbox, type SentBatch } from "./link_outbox.ts";
import type { Packet } from "./packet.ts";

/** Where the time comes from. */
export interface LinkTimers {
  /** Calls back once after a delay in milliseconds. */
  set(callback: () => void, delayMs: number): unknown;
  /** Calls off what {@linkcode LinkTimers.set} gave; `undefined` and what is over are fine. */
  clear(timer: unknown): void;
}

/** What a link is made of. */
export interface LinkOptions {
  /** Brings a packet to the other side, or loses it. Does not throw. */
  readonly transmit: (packet: Packet) => void;
  /** Takes a message of the other side. */
  readonly deliver: (message: string) => void;
  /** Told what {@linkcode LinkOptions.deliver} or {@linkcode LinkOptions.onDrain} threw; the link goes on. */
  readonly onError: (error: unknown) => void;
  /** Called when a congested link has drained to half of `congestedMessages`. */
  readonly onDrain?: () => void;
  readonly timers: LinkTimers;
  /** The defaults of {@linkcode LinkLimits} stand in for what is not given. */
  readonly limits?: Partial<LinkLimits>;
}

/** A link was closed while somebody waited for it. */
export class LinkClosedError extends Error {
  override readonly name = "LinkClosedError";
}

/**
 * One end of a reliable, ordered stream of messages in each direction.
 *
 * A new link is disconnected: it takes messages, but transmits none before {@linkcode Link.connect}. What is not
 * acknowledged is kept, so the peer may be replaced in mid-stream.
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
   * @param options the transport, the timers, the receiver, the bounds
   * @throws {RangeError} where a bound is not a whole number from 1
   */
  constructor(options: LinkOptions) {
    this.#options = options;
    this.#limits = resolveLinkLimits(options.limits);
    this.#inbox = new Inbox(this.#limits.windowBatches);
    this.#outbox = new Outbox(this.#limits);
  }

  /** How many messages the other side has not acknowledged. */
  get backlog(): number {
    return this.#outbox.backlog;
  }

  /** Whether the backlog grew above `congestedMessages` and has not yet fallen to half of it. */
  get congested(): boolean {
    return this.#congested;
  }

  /** The number of the oldest message that the other side has not acknowledged. */
  get oldest(): number {
    return this.#outbox.oldest;
  }

  /** The number of the next message that this side waits for. */
  get next(): number {
    return this.#inbox.next;
  }

  /** How many packets of the other side were lost on the way, as far as their numbers tell. */
  get lost(): number {
    return this.#inbox.lost;
  }

  /** How many batches were transmitted again. */
  get resent(): number {
    return this.#resent;
  }

  /**
   * Takes a message; it leaves with the end of the current microtask where the link is idle.
   *
   * @param message what to bring across
   * @returns its number
   * @throws {LimitError} where the backlog is at `maxQueuedMessages` or `maxQueuedLength`; the message was not taken
   * @throws {LinkClosedError} where the link is closed
   */
  send(message: string): number {
    if (this.#closed) throw new LinkClosedError("Cannot send message: the link is closed");
    const number = this.#outbox.push(message);
    if (this.backlog > this.#limits.congestedMessages) this.#congested = true;
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
   * Starts, or starts again with another peer: everything that it has not acknowledged is transmitted.
   *
   * @param acknowledged the number of the first message that the peer waits for
   * @param next the number of the first message of the peer that this side waits for
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

  /** Stops transmitting. Messages are still taken and kept. */
  disconnect(): void {
    this.#connected = false;
    this.#repeats = 0;
    this.#unanswered = 0;
    this.#options.timers.clear(this.#acknowledgeTimer);
    this.#options.timers.clear(this.#resendTimer);
    this.#acknowledgeTimer = undefined;
    this.#resendTimer = undefined;
  }

  /** Forgets what the peer has not acknowledged. The numbers of those messages are not used again. */
  clear(): void {
    this.#outbox.clear();
    this.#settle();
  }

  /** Transmits what this side has received, as a sign of life. */
  acknowledge(): void {
    if (this.#connected) this.#transmit();
  }

  /**
   * Takes a packet of the other side. Messages are delivered before this returns, in order.
   *
   * @param packet of the right shape; numbers that can't be are ignored
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
   * Resolves when everything that was sent is acknowledged; at once where nothing is open.
   *
   * @throws {LinkClosedError} where the link is closed before
   */
  drained(): Promise<void> {
    if (this.#closed) return Promise.reject(new LinkClosedError("Cannot drain link: it is closed"));
    if (this.backlog === 0) return Promise.resolve();
    const waiter = Promise.withResolvers<void>();
    this.#waiters.add(waiter);
    return waiter.promise;
  }

  /** Forgets everything. Closing twice is fine. */
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
      // Whatever the peer said of holding it, it did not get further: the oldest is what it needs.
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

  #settle(): void {
    if (this.backlog === 0) {
      for (const waiter of this.#waiters) waiter.resolve();
      this.#waiters.clear();
    }
    if (this.#congested && this.backlog * 2 <= this.#limits.congestedMessages) {
      this.#congested = false;
      try {
        this.#options.onDrain?.();
      } catch (error) {
        this.#options.onError(error);
      }
    }
  }
}
