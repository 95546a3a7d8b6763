/**
 * Drives a broadcast as fast as its watchers take it, ours and the bare one in the same way.
 *
 * @module
 */

/** Broadcasts that may be on their way: enough that nobody idles, too few to fill any queue. */
const WINDOW = 4;

/** Sends the next message when an earlier one has arrived everywhere. */
export class Driver {
  #left = 0;
  #onTheWay = 0;
  #broadcast: () => void = () => {};
  #done: () => void = () => {};

  /**
   * Broadcasts so often, and waits until all of it was delivered.
   *
   * @param count how often
   * @param broadcast sends one message to every watcher, now or at the end of the turn
   */
  async drive(count: number, broadcast: () => void): Promise<void> {
    const delivered = new Promise<void>((resolve) => this.#done = resolve);
    this.#left = count;
    this.#broadcast = broadcast;
    for (let index = 0; index < WINDOW; index++) {
      this.#next();
      // Each in a turn of its own, or they would become one.
      await Promise.resolve();
    }
    await delivered;
  }

  /** The watchers have all got one more message. */
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
