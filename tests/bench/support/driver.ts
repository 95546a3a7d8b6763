/**
 * Broadcasts messages as fast as watchers receive them.
 *
 * @module
 */

/** Most messages in flight: enough to keep everybody busy, too few to fill a queue. */
const WINDOW = 4;

/** Sends the next message when an earlier one has reached every watcher. */
export class Driver {
  #left = 0;
  #onTheWay = 0;
  #broadcast: () => void = () => {};
  #done: () => void = () => {};

  /**
   * Broadcasts a number of messages, and waits until all are delivered.
   *
   * @param count the number of messages
   * @param broadcast sends one message to every watcher, now or at the end of the turn
   */
  async drive(count: number, broadcast: () => void): Promise<void> {
    const delivered = new Promise<void>((resolve) => this.#done = resolve);
    this.#left = count;
    this.#broadcast = broadcast;
    for (let index = 0; index < WINDOW; index++) {
      this.#next();
      // One per turn of the event loop, or they would be coalesced.
      await Promise.resolve();
    }
    await delivered;
  }

  /** Notes that every watcher has received one more message. */
  delivered(): void {
    this.#onTheWay--;
    if (this.#left > 0) this.#next();
    else if (this.#onTheWay === 0) this.#done();
  }

  #next(): void {
    if (this.#left === 0) return;
    this.#left--;
    this.#onTheWay++;
    this.#broadcast();
  }
}
