/**
 * A simulated registry: applies reports to the records of a shard that its node owns.
 *
 * @module
 */

import type { ClusterClock } from "../../../lib/cluster/cluster_clock.ts";
import { DeposedError, type OwnedShard } from "../../../lib/cluster/owned_shard.ts";
import type { Change, Ledger } from "./ledger.ts";
import type { Mutation } from "./sim_database.ts";

/**
 * The answer to a report: it is committed, another report is due first, or the shard cannot be changed now.
 */
export type Answer = { readonly done: number } | { readonly due: number } | "busy";

/**
 * How long changes are gathered for one commit, and the delay before a failed commit is retried, in
 * milliseconds.
 */
const COMMIT_MS = 50;
const RETRY_MS = 1_000;

interface Waiting {
  readonly key: string;
  readonly report: number;
  readonly answer: (answer: Answer) => void;
}

/** The authority of a shard. */
export class SimAuthority {
  readonly owned: OwnedShard<readonly Change[]>;
  /** The committed records. */
  readonly committed: Map<string, Change> = new Map();
  /** Called after each commit. */
  onCommit: ((changes: readonly Change[]) => void) | null = null;
  readonly #clock: ClusterClock;
  readonly #ledger: Ledger;
  readonly #without: Mutation | null;
  #pending: Map<string, Change> = new Map();
  #batch: Change[] | null = null;
  #waiting: Waiting[] = [];
  #seq: number;
  #isDue = false;
  #isEnding = false;
  #onIdle: (() => void) | null = null;

  /** @param records the records of the shard, all of which are committed */
  constructor(
    owned: OwnedShard<readonly Change[]>,
    records: readonly Change[],
    clock: ClusterClock,
    ledger: Ledger,
    without: Mutation | null,
  ) {
    this.owned = owned;
    this.#clock = clock;
    this.#ledger = ledger;
    this.#without = without;
    this.#seq = owned.grant.seq;
    for (const record of records) this.committed.set(record.key, record);
  }

  /** The sequence number up to which all changes are committed. */
  get seq(): number {
    return Math.max(0, ...Array.from(this.committed.values(), ({ seq }) => seq));
  }

  /** Applies a report, and answers once it is committed. */
  report(key: string, report: number, answer: (answer: Answer) => void): void {
    if (this.#isEnding) return answer("busy");
    const { shard, epoch } = this.owned.grant;
    const last = this.#pending.get(key) ?? this.#batch?.findLast((change) => change.key === key) ??
      this.committed.get(key) ?? { key, seq: 0, report: 0, applied: 0 };
    const isRepeated = report <= last.report && this.#without !== "the deduplication of reports";
    if (report > last.report + 1) return answer({ due: last.report + 1 });
    if (!isRepeated) {
      const seq = ++this.#seq;
      this.#ledger.numbered(epoch, shard, seq);
      this.#pending.delete(key);
      this.#pending.set(key, { key, seq, report: Math.max(report, last.report), applied: last.applied + 1 });
      this.#commitSoon();
    }
    const isCommitted = (this.committed.get(key)?.report ?? 0) >= report;
    if (isCommitted || this.#without === "waiting for the commit") return answer({ done: report });
    this.#waiting.push({ key, report, answer });
  }

  /** Accepts no further changes, and resolves once all are committed. */
  end(): Promise<void> {
    this.#isEnding = true;
    if (this.#batch === null && this.#pending.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle = resolve);
  }

  /** Drops the changes that are not committed. */
  drop(): void {
    this.#isEnding = true;
    for (const { answer } of this.#waiting) answer("busy");
    this.#waiting = [];
    this.#pending.clear();
    this.#batch = null;
  }

  #commitSoon(): void {
    if (this.#isDue || this.#batch !== null) return;
    this.#isDue = true;
    this.#clock.after(COMMIT_MS, () => {
      this.#isDue = false;
      if (this.#pending.size === 0 || this.#batch !== null) return;
      this.#batch = [...this.#pending.values()];
      this.#pending = new Map();
      void this.#commit(this.#batch);
    });
  }

  async #commit(batch: Change[]): Promise<void> {
    try {
      await this.owned.commit(batch);
    } catch (error) {
      if (error instanceof DeposedError || this.#batch !== batch) return;
      this.#clock.after(RETRY_MS, () => {
        if (this.#batch !== batch) return;
        if (this.#without === "the repetition of the same batch") {
          batch.push(...this.#pending.values());
          this.#pending.clear();
        }
        void this.#commit(batch);
      });
      return;
    }
    if (this.#batch !== batch) return;
    this.#batch = null;
    for (const change of batch) this.committed.set(change.key, change);
    this.onCommit?.(batch);
    const isDone = ({ key, report }: Waiting) => (this.committed.get(key)?.report ?? 0) >= report;
    const done = this.#waiting.filter(isDone);
    this.#waiting = this.#waiting.filter((waiting) => !isDone(waiting));
    for (const { report, answer } of done) answer({ done: report });
    if (this.#pending.size > 0) this.#commitSoon();
    else this.#onIdle?.();
  }
}
