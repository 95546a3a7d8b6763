/**
 * Ends the grants of tokens that are bound to a run, whose duration is not known yet when the token is
 * signed.
 *
 * @module
 */

import { now } from "../clock.ts";
import type { Grant, ScopedGrant } from "./grant.ts";

/** The part of a stored task on which a grant that is bound to its run depends. */
export interface RunRecord {
  readonly summary: { readonly created_at: number; readonly finished_at: number | null };
  /** Reads the id of the task's reporter from the task's record; `undefined` if the task no longer exists. */
  reporter(): string | null | undefined | Promise<string | null | undefined>;
}

/** Finds a task by client token and id; `undefined` if it does not exist. */
export type FindRun = (client: string, id: string) => RunRecord | undefined;

/**
 * How long a grant stays valid after the end of its run, in seconds: processes that the run has started may
 * end later than the run.
 */
const AFTER_END_SECONDS = 60 * 60;
/**
 * How long a grant is valid while the server does not know the run's task, in seconds. The command may report
 * before the first report of its run arrives. After the start of a server that has lost its data, the tasks
 * of the command may be reported before the run.
 */
const UNKNOWN_SECONDS = 10 * 60;

/** Binds grants to their runs. */
export class RunGrants {
  readonly #find: FindRun;
  /** When the server started, in epoch seconds. */
  readonly #startedAt: number = now();
  /** The bound grants, by the grants as stated in the tokens. */
  readonly #bound: WeakMap<Grant, BoundGrant> = new WeakMap();

  /** @param find finds the task of a run */
  constructor(find: FindRun) {
    this.#find = find;
  }

  /**
   * Returns the grant of a token with its present expiry.
   *
   * @param grant the grant as stated in the token
   * @returns the same grant if it is bound to no run; otherwise a grant that also expires after its run: its
   * `expiresAt` changes when the run ends
   */
  bound(grant: Grant): Grant | Promise<Grant> {
    if (grant.kind === "full" || grant.run === undefined) return grant;
    let bound = this.#bound.get(grant);
    if (bound === undefined) this.#bound.set(grant, bound = this.#bind(grant, grant.run));
    const { grant: result } = bound;
    const compared = bound.compare();
    return compared === undefined ? result : compared.then(() => result);
  }

  #bind(grant: ScopedGrant, run: NonNullable<ScopedGrant["run"]>): BoundGrant {
    // A later task with the same id is another run, so the grant is valid only if the task's reporter is the
    // one in the token. The reporters are compared once for each task.
    let comparedAt: number | null = null;
    let isSameRun = false;
    const compare = (): Promise<void> | undefined => {
      const found = this.#find(grant.client, run.taskId);
      if (found === undefined || comparedAt === found.summary.created_at) return undefined;
      const note = (reporter: string | null | undefined) => {
        comparedAt = found.summary.created_at;
        isSameRun = reporter === run.reporter;
      };
      const reporter = found.reporter();
      if (reporter instanceof Promise) return reporter.then(note);
      note(reporter);
      return undefined;
    };
    const find = (): RunRecord | undefined => {
      const found = this.#find(grant.client, run.taskId);
      if (found === undefined) return undefined;
      // If the task was created after the last comparison, its record is usually in memory, so the comparison
      // is synchronous.
      if (comparedAt !== found.summary.created_at) compare()?.catch(() => {});
      return isSameRun && comparedAt === found.summary.created_at ? found : undefined;
    };
    const end = (): number => {
      const found = find();
      if (found === undefined) return Math.max(run.signedAt, this.#startedAt) + UNKNOWN_SECONDS;
      const { finished_at: endedAt } = found.summary;
      return endedAt === null ? Infinity : endedAt + AFTER_END_SECONDS;
    };
    return {
      compare,
      grant: {
        ...grant,
        get expiresAt() {
          return Math.min(grant.expiresAt ?? Infinity, end());
        },
      },
    };
  }
}

/** A grant that is bound to a run. */
interface BoundGrant {
  readonly grant: Grant;
  /**
   * Compares the reporter of the stored task with the reporter of the run, unless they were compared before.
   */
  compare(): Promise<void> | undefined;
}
