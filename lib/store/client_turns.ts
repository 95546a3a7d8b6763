/**
 * Limits how much work runs at the same time, so that the work of one client leaves room for that of others.
 *
 * @module
 */

/** Work that waits for its turn. */
interface Waiting {
  readonly client: string;
  readonly begin: () => void;
}

/** Runs at most one piece of work of each client at a time, and a limited number in all. Others wait in order. */
export class ClientTurns {
  readonly #most: number;
  /** The clients whose work runs. */
  readonly #busy: Set<string> = new Set();
  readonly #waiting: Waiting[] = [];

  /** @param most the maximum number of pieces of work that run at the same time */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Runs work as soon as all earlier work of the same client has ended and there is room.
   *
   * @param client the client that the work is for
   * @param work the work
   * @returns the result of the work; rejects if the work does
   */
  async run<Result>(client: string, work: () => Promise<Result>): Promise<Result> {
    const turn = Promise.withResolvers<void>();
    this.#waiting.push({ client, begin: turn.resolve });
    this.#next();
    await turn.promise;
    try {
      return await work();
    } finally {
      this.#busy.delete(client);
      this.#next();
    }
  }

  #next(): void {
    while (this.#busy.size < this.#most) {
      const index = this.#waiting.findIndex(({ client }) => !this.#busy.has(client));
      if (index === -1) return;
      const [{ client, begin }] = this.#waiting.splice(index, 1) as [Waiting];
      this.#busy.add(client);
      begin();
    }
  }
}
