/**
 * Broadcasts messages as fast as all watchers receive them.
 *
 * @module
 */

/** The maximum number of messages in flight: enough to keep sender and watchers busy, and too few to fill a queue. */
const WINDOW = 4;

/** A sender that broadcasts the next message when an earlier one has reached every watcher. */
export class Driver {
  #left = 0;
  #onTheWay = 0;
  #broadcast: () => void = () => {};
  #done: () => void = () => {};

  /**
   * Broadcasts a number of messages, and waits until all are delivered.
   *
   * @param count the number of messages
   * @param broadcast sends one message to every watcher, immediately or at the end of the turn of the event loop
   */
  async drive(count: number, broadcast: () => void): Promise<void> {
    const delivered = new Promise<void>((resolve) => this.#done = resolve);
    this.#left = count;
    this.#broadcast = broadcast;
    for (let index = 0; index < WINDOW; index++) {
      this.#next();
      // Messages that are sent in the same turn would be coalesced.
      await Promise.resolve();
    }
    await delivered;
  }

  /** Records that every watcher has received one more message. */
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
