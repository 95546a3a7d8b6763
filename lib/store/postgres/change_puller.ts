/**
 * Reads the changes that another node has committed.
 *
 * @module
 */

import { isFinal, type Task } from "../../task/task.ts";
import { type PastRunRow, pastRunRow } from "../database/past_run_rows.ts";
import type { FollowedRemoval, FollowedTask, PulledChanges } from "../followed.ts";
import { LOG_LINES, type NumberedLine } from "../side_tables.ts";
import { TaskInMemory } from "../task_in_memory.ts";
import type { TaskIndex } from "../task_index.ts";
import type { Connection } from "./connection.ts";
import { epochOf } from "./ownership.ts";
import {
  commitsStatement,
  type LineRange,
  linesStatement,
  ownerStatement,
  tasksStatement,
} from "./pull_statements.ts";
import type { ReopenedConnection } from "./reopened_connection.ts";
import type { SharedDatabase } from "./shared_database.ts";
import { transact } from "./transact.ts";

/** How long a pull may take, in milliseconds. */
export const PULL_MS = 10_000;

/**
 * The number of log lines that one pull reads in all. Of a single task with more lines, it reads at least this many.
 */
const LINES = 5_000;
const LEAST_LINES = 5;

/** The parts of a store that a {@linkcode ChangePuller} uses. */
export interface ChangePullerOptions {
  /** The connection, which the pullers of all shards share. */
  readonly connection: ReopenedConnection;
  readonly shard: number;
  /** The epoch of the sequence numbers. */
  readonly epoch: string;
  /** The tasks that this node knows. The caller applies the changes to this index. */
  readonly index: TaskIndex;
  /** Keeps the past runs, and the records that were read. */
  readonly database: SharedDatabase;
}

/** A task that was changed, and may have been removed since. */
interface ChangedTask extends FollowedTask {
  readonly removed: boolean;
}

/** Pulls the changes of a shard. */
export class ChangePuller {
  readonly #options: ChangePullerOptions;

  /** @param options the database and the known tasks */
  constructor(options: ChangePullerOptions) {
    this.#options = options;
  }

  /**
   * Reads the changes that were committed after a cursor. Call this method again only after these changes were applied.
   *
   * @param seq the cursor
   * @throws {Error} of `pg`
   */
  async pull(seq: number): Promise<PulledChanges> {
    return await this.#options.connection.use((connection) => this.#pull(connection, seq));
  }

  async #pull(connection: Connection, seq: number): Promise<PulledChanges> {
    const { shard } = this.#options;
    const [owner, commits, tasks] = await transact(
      connection,
      "snapshot",
      [ownerStatement(shard), commitsStatement(shard, seq), tasksStatement(shard, seq)],
      PULL_MS,
    );
    const [{ committedSeq, owner: id, address, isFree, ...state }] = owner!.rows;
    const pulled = {
      epoch: epochOf(state.epoch, state.cluster),
      owner: id === null ? null : { id, address },
      isFree,
    };
    const last = lastOfChain(seq, commits!.rows);
    const isKnown = last !== null && (last < committedSeq ? last > seq : last === committedSeq);
    if (!isKnown || pulled.epoch !== this.#options.epoch) {
      return { ...pulled, seq, tasks: [], removed: [], hasMore: false, gap: true };
    }
    const changed = tasks!.rows.map(({ record, seq, ...row }): ChangedTask => {
      return { ...row, stored: new TaskInMemory(JSON.parse(record) as Task, seq, record), lines: [] };
    });
    const removed: FollowedRemoval[] = commits!.rows.flatMap((commit) =>
      JSON.parse(commit.removed).map((
        [client, id, seq]: [string, string, number],
      ) => ({ client, id, seq }))
    );
    this.#options.database.keepPastRuns(this.#pastRuns(changed));
    return {
      ...pulled,
      seq: last,
      tasks: await this.#withLines(connection, changed.filter(({ removed }) => !removed)),
      removed: removed.sort((a, b) => a.seq - b.seq),
      hasMore: last < committedSeq,
      gap: false,
    };
  }

  /** Returns the number of log lines in the known version of a task; 0 if the task is not known. */
  #knownLines({ client, place, stored: { id, task } }: FollowedTask): number {
    const node = this.#options.index.node(client, id);
    if (node?.place !== place) return 0;
    // An ended task gets no more log lines, so both versions have the same number.
    return this.#options.database.atHand(node.stored)?.task.log_count ?? task.log_count;
  }

  /** Returns the past runs of the tasks that have just ended, even if they were removed since. */
  #pastRuns(changed: readonly FollowedTask[]): readonly PastRunRow[] {
    return changed.flatMap((task) => {
      if (task.endedAt === null) return [];
      const known = this.#options.index.node(task.client, task.stored.id);
      if (known?.place === task.place && isFinal(known.stored.summary.state)) return [];
      return [pastRunRow(task.client, task.stored.task)];
    });
  }

  /** Adds the log lines that are newer than the known versions of the tasks. */
  async #withLines(
    connection: Connection,
    changed: readonly FollowedTask[],
  ): Promise<readonly FollowedTask[]> {
    const added: readonly LineRange[] = changed.flatMap((task) => {
      const to = task.stored.task.log_count;
      // Most tasks have no log.
      const from = to === 0 ? 0 : this.#knownLines(task);
      return to > from ? [{ place: task.place, from, to }] : [];
    });
    if (added.length === 0) return changed;
    const most = Math.max(LEAST_LINES, Math.floor(LINES / added.length));
    const ranges = added.map((range) => ({ ...range, from: Math.max(range.from, range.to - most) }));
    const lines = new Map<number, NumberedLine[]>();
    for (const [place, ...row] of (await connection.query(linesStatement(ranges))).rows) {
      const known = lines.get(place);
      if (known === undefined) lines.set(place, [LOG_LINES.fromRow(row)]);
      else known.push(LOG_LINES.fromRow(row));
    }
    return changed.map((task) => ({ ...task, lines: lines.get(task.place) ?? [] }));
  }
}

/** Returns the last sequence number of consecutive commits; `null` if a commit between them is missing. */
function lastOfChain(
  seq: number,
  commits: readonly { readonly seq: number; readonly afterSeq: number }[],
): number | null {
  let last = seq;
  for (const commit of commits) {
    if (commit.afterSeq !== last) return null;
    last = commit.seq;
  }
  return last;
}
