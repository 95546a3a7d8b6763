/**
 * The interface of a store's past runs: summaries that are kept longer than the records of their tasks.
 *
 * @module
 */

import type { RunSummary } from "../task/run_summary.ts";

/**
 * The limits on the summaries of past runs. Beyond a limit, the runs that ended first are dropped; beyond `pastRuns`,
 * only runs of the clients that have the most.
 */
export interface PastRunLimits {
  /** The maximum number of past runs of one client and name. */
  readonly pastRunsPerName: number;
  /** The maximum number of past runs of all clients and names. */
  readonly pastRuns: number;
  /** The number of milliseconds that a past run is kept after its end. */
  readonly pastRunAgeMs: number;
}

/**
 * Keeps the summaries of past runs. The summary stays when its task is removed, so none is added when the task is
 * restored. Reads see all earlier additions, committed or not.
 */
export interface PastRunStore {
  /**
   * Adds the summary of a run that has ended. The summary is committed together with all changes of the same turn of
   * the event loop, or not at all. Adding a run again, with the same name, id and end, changes nothing.
   */
  add(client: string, run: RunSummary): void;
  /**
   * Returns the past runs of a name that ended last, latest end first, at most `most` of them.
   *
   * @throws {StorageError} if they cannot be read
   */
  newest(client: string, name: string, most?: number): readonly RunSummary[];
  /**
   * Returns the names of a client that have past runs, in the order of `SortedNames`.
   *
   * @param client the client token
   * @param after the name after which to begin; `null` to begin with the first
   * @param most the maximum number of names to return
   * @throws {StorageError} if they cannot be read
   */
  names(client: string, after: string | null, most: number): readonly string[];
}

/** Compares two past runs of a name by their ends, earliest first; ids break ties. */
export function comparePastRuns(left: RunSummary, right: RunSummary): number {
  return endOf(left) - endOf(right) || (left.id < right.id ? -1 : left.id > right.id ? 1 : 0);
}

/** Returns when a run ended, in epoch seconds. */
export function endOf({ finished_at, created_at }: RunSummary): number {
  return finished_at ?? created_at;
}
