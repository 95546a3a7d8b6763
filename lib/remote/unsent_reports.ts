/**
 * Buffers a reporter's reports until the server has committed them, without timers or a transport.
 *
 * @module
 */

/** The limits of {@linkcode UnsentReports}. */
export interface UnsentReportsLimits {
  /** The maximum number of reports in a batch. */
  readonly batchReports: number;
  /** The maximum number of characters in a batch; a longer report is sent as a batch of its own. */
  readonly batchCharacters: number;
  /** The number of buffered characters at which the buffer is full, so that tasks coalesce their updates. */
  readonly fullCharacters: number;
}

/**
 * The default limits. Within these limits, even a batch of the longest reports stays below the 1 MiB that
 * servers accept.
 */
const UNSENT_REPORTS_LIMITS: UnsentReportsLimits = {
  batchReports: 500,
  batchCharacters: 128 * 1024,
  fullCharacters: 2 * 1024 * 1024,
};

/** Reports that are sent in one message. */
export interface OutgoingBatch {
  /** The number of the batch, starting at 1. */
  readonly number: number;
  /** The reports, as JSON. */
  readonly reports: readonly string[];
  /** The number of all reports up to and including the last report of this batch. */
  readonly end: number;
  readonly characters: number;
}

/** Keeps reports in order, until the server has committed them. */
export class UnsentReports {
  readonly #limits: UnsentReportsLimits;
  /** The maximum number of characters in a batch, which is lower once the server did not accept a batch. */
  #batchCharacters: number;
  #queue: string[] = [];
  #queuedCharacters = 0;
  /** The uncommitted batches, oldest first. */
  #batches: OutgoingBatch[] = [];
  /** The number of uncommitted batches that are in flight; the other uncommitted batches must be resent. */
  #inFlight = 0;
  #sentCharacters = 0;
  #pushed = 0;
  #committed = 0;
  #newestBatch = 0;
  /** Batches are sent one at a time until this number of reports is committed. */
  #aloneUntil = 0;

  /** @param limits the limits of the batches and of the buffer */
  constructor(limits: UnsentReportsLimits = UNSENT_REPORTS_LIMITS) {
    this.#limits = limits;
    this.#batchCharacters = limits.batchCharacters;
  }

  /** The number of reports pushed so far. */
  get pushed(): number {
    return this.#pushed;
  }

  /** The number of reports committed so far; reports are committed in order. */
  get committed(): number {
    return this.#committed;
  }

  /** Whether all reports are committed. */
  get isEmpty(): boolean {
    return this.#committed === this.#pushed;
  }

  /** Whether the buffer is full; reports can still be added. */
  get isFull(): boolean {
    return this.#queuedCharacters + this.#sentCharacters >= this.#limits.fullCharacters;
  }

  /** The number of batches in flight. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether the queue holds enough reports for a full batch. */
  get hasFullBatch(): boolean {
    return this.#queue.length >= this.#limits.batchReports ||
      this.#queuedCharacters >= this.#batchCharacters;
  }

  /** Appends a report, which is given as JSON. */
  push(report: string): void {
    this.#queue.push(report);
    this.#queuedCharacters += report.length;
    this.#pushed++;
  }

  /** Returns the next batch to send and marks it as in flight; `undefined` if there is none. */
  next(): OutgoingBatch | undefined {
    if (this.#inFlight > 0 && this.#committed < this.#aloneUntil) return undefined;
    if (this.#inFlight === this.#batches.length && !this.#cut()) return undefined;
    return this.#batches[this.#inFlight++];
  }

  /**
   * Records that the server has committed all batches up to the given one.
   *
   * @param number the number of the batch; ignored if no such batch was sent
   */
  taken(number: number): void {
    while (this.#batches[0] !== undefined && this.#inFlight > 0 && this.#batches[0].number <= number) {
      const { end, characters } = this.#batches.shift()!;
      this.#inFlight--;
      this.#committed = end;
      this.#sentCharacters -= characters;
    }
  }

  /** Marks all batches in flight for resending, because the connection was lost. */
  restart(): void {
    this.#inFlight = 0;
  }

  /**
   * Records that the server does not accept a batch in flight, because it is too large: the batches are resent
   * one at a time, to find out which one it is, and that one in smaller batches. A report that is too large by
   * itself is dropped; it then counts as committed.
   *
   * @returns the dropped report; `undefined` if there is none
   */
  tooLarge(): string | undefined {
    const [batch] = this.#batches;
    this.#aloneUntil = this.#pushed;
    if (batch === undefined || this.#inFlight !== 1) return undefined;
    const { number, reports, characters } = batch;
    if (reports.length === 1) {
      this.taken(number);
      return reports[0];
    }
    this.#batchCharacters = Math.ceil(characters / 2);
    this.#queue = [...this.#batches.flatMap(({ reports }) => reports), ...this.#queue];
    this.#queuedCharacters += this.#sentCharacters;
    this.#sentCharacters = 0;
    this.#batches = [];
    this.#inFlight = 0;
    return undefined;
  }

  /** Drops all buffered reports. */
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
    const { batchReports } = this.#limits;
    let count = 0;
    let characters = 0;
    for (const report of this.#queue) {
      if (count === batchReports || (count > 0 && characters + report.length > this.#batchCharacters)) break;
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
