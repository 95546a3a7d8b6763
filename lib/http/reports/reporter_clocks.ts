/**
 * Converts the times of reporters' reports to the server's clock.
 *
 * The rule: a report's time is converted when it is received, once and for all, by the offset of its
 * reporter's clock. Everything behind this point knows only the server's clock.
 *
 * A batch says when it was sent, by the reporter's clock (`sent_at`). The time of its receipt minus that
 * time is the offset of the clock plus the time that the batch travelled, and the smallest of these sums is the
 * best estimate. Reports that waited for a connection keep their true times, because a batch that is resent
 * says when it was resent.
 *
 * @module
 */

import type { Report } from "../../task/protocol.ts";
import { withTimes } from "../../task/values.ts";
import type { ReportBatch } from "../../remote/messages.ts";

/** An offset of at most this many seconds may be the travel of the batch, and is not corrected. */
const TOLERANCE_SECONDS = 1;
/**
 * A batch does not travel for longer than this many seconds, because both ends drop a connection that is
 * silent for so long. A larger increase of the offset means that the reporter's clock was set.
 */
const MAX_TRAVEL_SECONDS = 30;
/** How much the offset may grow, as a share of the time between two batches, because clocks drift. */
const MAX_DRIFT = 0.001;
/**
 * A reporter of version 0.1.0 does not say when it sent a batch. Then the time of its newest report stands in,
 * which adds the time that the report waited for a connection. A clock that seems to be behind by less than
 * this many seconds is therefore taken to be right.
 */
const MAX_WAIT_SECONDS = 1_800;
/** The maximum number of reporters to remember; beyond it, the one that was added first is forgotten. */
const REMEMBERED_REPORTERS = 10_000;

/** The clock of one reporter. */
export class ReporterClock {
  /** The least sum of offset and travel, in seconds; `null` before the first batch with a time. */
  #least: number | null = null;
  #heardAt = 0;

  /**
   * Returns what to add to the times of a batch, in seconds.
   *
   * @param batch the batch
   * @param receivedAt when the batch was received, in epoch seconds on the server's clock
   */
  offsetOf({ sentAt, reports }: Pick<ReportBatch, "sentAt" | "reports">, receivedAt: number): number {
    const newest = sentAt ?? newestOf(reports);
    if (newest !== null) this.#hear(receivedAt - newest, receivedAt, sentAt !== null);
    const offset = this.#least ?? 0;
    const tolerance = sentAt === null && offset > 0 ? MAX_WAIT_SECONDS : TOLERANCE_SECONDS;
    return Math.abs(offset) <= tolerance ? 0 : offset;
  }

  #hear(sum: number, receivedAt: number, isSent: boolean): void {
    const most = this.#least === null
      ? Infinity
      : this.#least + MAX_DRIFT * Math.max(0, receivedAt - this.#heardAt);
    this.#heardAt = receivedAt;
    const wasSet = isSent && sum - most > MAX_TRAVEL_SECONDS;
    this.#least = wasSet ? sum : Math.min(sum, most);
  }
}

/**
 * The clocks of all reporters, so that they are known after a reconnect. Each is known by the reporter's id and by what
 * its key or token covers: anyone who has read the id of a reporter of version 0.1.0 can send batches in its name.
 */
export class ReporterClocks {
  readonly #clocks: Map<string, ReporterClock> = new Map();

  /**
   * Returns the clock of a reporter.
   *
   * @param reporterId the id of the reporter
   * @param scope the tasks that the reporter may report, as text
   */
  of(reporterId: string, scope: string): ReporterClock {
    const key = `${reporterId} ${scope}`;
    let clock = this.#clocks.get(key);
    if (clock === undefined) {
      this.#clocks.set(key, clock = new ReporterClock());
      const [first] = this.#clocks.keys();
      if (this.#clocks.size > REMEMBERED_REPORTERS && first !== undefined) this.#clocks.delete(first);
    }
    return clock;
  }
}

/** Returns a report with all times moved by an offset, in seconds. */
export function shifted(report: Report, offset: number): Report {
  if (offset === 0) return report;
  const { at, change } = report;
  if (change.type === "update" && change.values !== undefined) {
    const values = withTimes(change.values, (at) => at + offset);
    return { ...report, at: at + offset, change: { ...change, values } };
  }
  if (change.type !== "log") return { ...report, at: at + offset };
  const lines = change.lines.map((line) => ({ ...line, at: line.at + offset }));
  return { ...report, at: at + offset, change: { ...change, lines } };
}

/** Returns the newest time in reports that are not validated yet; `null` if there is none. */
function newestOf(reports: readonly unknown[]): number | null {
  let newest = -Infinity;
  for (const report of reports) {
    const { at } = (report ?? {}) as { readonly at?: unknown };
    if (typeof at === "number" && at > newest) newest = at;
  }
  return Number.isFinite(newest) ? newest : null;
}
