/**
 * What a reporter has yet to bring to a server: reports in order, cut into batches, kept until they are committed there.
 * Pure: no timers, no transport.
 *
 * @module
 */

/** The bounds of a {@linkcode UnsentReports}. */
export interface UnsentReportsLimits {
  /** Reports in a batch at most. */
  readonly batchReports: number;
  /** Characters in a batch at most; a longer report is a batch of its own. */
  readonly batchCharacters: number;
  /** Characters that wait or are on their way before the outbox is full; then tasks merge what they have to say. */
  readonly fullCharacters: number;
}

/** The bounds of a reporter. A batch of the longest reports stays below the 1 MiB that servers take. */
const UNSENT_REPORTS_LIMITS: UnsentReportsLimits = {
  batchReports: 500,
  batchCharacters: 128 * 1024,
  fullCharacters: 2 * 1024 * 1024,
};

/** Reports that travel together. */
export interface OutgoingBatch {
  /** Its number, from 1. */
  readonly number: number;
  /** The reports, as JSON. */
  readonly reports: readonly string[];
  /** How many reports there were up to its last one. */
  readonly end: number;
  readonly characters: number;
}

/** Reports in order, until the server has committed them. */
export class UnsentReports {
  readonly #limits: UnsentReportsLimits;
  #queue: string[] = [];
  #queuedCharacters = 0;
  /** Batches that were cut and are not committed, oldest first. */
  #batches: OutgoingBatch[] = [];
  /** How many of those are on their way; the others are to be sent again. */
  #inFlight = 0;
  #sentCharacters = 0;
  #pushed = 0;
  #committed = 0;
  #newestBatch = 0;

  /** @param limits the bounds */
  constructor(limits: UnsentReportsLimits = UNSENT_REPORTS_LIMITS) {
    this.#limits = limits;
  }

  /** How many reports were put in so far. */
  get pushed(): number {
    return this.#pushed;
  }

  /** Up to which of them everything is committed. */
  get committed(): number {
    return this.#committed;
  }

  /** Whether everything is committed. */
  get isEmpty(): boolean {
    return this.#committed === this.#pushed;
  }

  /** Whether so much waits that no more should be put in. */
  get isFull(): boolean {
    return this.#queuedCharacters + this.#sentCharacters >= this.#limits.fullCharacters;
  }

  /** How many batches are on their way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether a batch would be full. */
  get hasFullBatch(): boolean {
    return this.#queue.length >= this.#limits.batchReports ||
      this.#queuedCharacters >= this.#limits.batchCharacters;
  }

  /** Takes a report, as JSON. */
  push(report: string): void {
    this.#queue.push(report);
    this.#queuedCharacters += report.length;
    this.#pushed++;
  }

  /** The next batch to send, which counts as on its way from now on; `undefined` where there is none. */
  next(): OutgoingBatch | undefined {
    if (this.#inFlight === this.#batches.length && !this.#cut()) return undefined;
    return this.#batches[this.#inFlight++];
  }

  /**
   * Takes note that the server has committed everything up to a batch.
   *
   * @param number the batch; one that was never sent is ignored
   */
  taken(number: number): void {
    while (this.#batches[0] !== undefined && this.#inFlight > 0 && this.#batches[0].number <= number) {
      const { end, characters } = this.#batches.shift()!;
      this.#inFlight--;
      this.#committed = end;
      this.#sentCharacters -= characters;
    }
  }

  /** What was on its way is to be sent again: the connection is gone. */
  restart(): void {
    this.#inFlight = 0;
  }

  /** Forgets everything. */
  clear(): void {
    this.#queue = [];
    this.#batches = [];
    this.#inFlight = 0;
    this.#queuedCharacters = 0;
    this.#sentCharacters = 0;
    this.#committed = this.#pushed;
  }

  #cut(): boolean {
    if (this.#queue.length === 0) return false;
    const { batchReports, batchCharacters } = this.#limits;
    let count = 0;
    let characters = 0;
    for (const report of this.#queue) {
      if (count === batchReports || (count > 0 && characters + report.length > batchCharacters)) break;
      characters += report.length;
      count++;
    }
    const reports = this.#queue.splice(0, count);
    this.#queuedCharacters -= characters;
    this.#sentCharacters += characters;
    const end = this.#pushed - this.#queue.length;
    this.#batches.push({ number: ++this.#newestBatch, reports, end, characters });
    return true;
  }
}
