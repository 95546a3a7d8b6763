/**
 * Converts the times of reporters' reports to the server's clock.
 *
 * The times of a report are converted once, when the report is received, by the offset of its reporter's
 * clock. All other code knows only the server's clock.
 *
 * A batch says when it was sent, by the reporter's clock (`sent_at`). The time of the batch's receipt minus
 * `sent_at` is the offset of the clock plus the time that the batch travelled. The smallest of these sums so
 * far is the best estimate of the offset. Reports that waited for a connection keep their true times, because
 * `sent_at` of a resent batch is the time of the resend.
 *
 * @module
 */

import type { Report } from "../../task/protocol.ts";
import { withTimes } from "../../task/values.ts";
import type { ReportBatch } from "../../remote/messages.ts";

/**
 * The number of seconds up to which an offset is not corrected, because it may be only the travel time of the
 * batch.
 */
const TOLERANCE_SECONDS = 1;
/**
 * The maximum travel time of a batch, in seconds: both ends close a connection that is silent for longer. A
 * larger increase of the offset means that the reporter's clock was set.
 */
const MAX_TRAVEL_SECONDS = 30;
/** The maximum growth of the offset by clock drift, as a share of the time between two batches. */
const MAX_DRIFT = 0.001;
/**
 * The number of seconds by which a clock of a reporter of version 0.1.0 may seem to be behind and still count
 * as right. A reporter of that version does not say when it sent a batch, so the time of its newest report is
 * used, although this report may have waited for a connection.
 */
const MAX_WAIT_SECONDS = 1_800;
/** The maximum number of reporters to remember; beyond it, the reporter that was added first is forgotten. */
const REMEMBERED_REPORTERS = 10_000;

/** The clock of one reporter. */
export class ReporterClock {
  /**
   * The smallest sum of clock offset and travel time so far, in seconds; `null` before the first batch with a
   * time.
   */
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
 * The clocks of all reporters, kept so that a clock is known after a reconnect. A clock is identified by the
 * reporter's id and by the tasks that its key or token covers, because the id alone proves nothing: anyone
 * who has read the id of a reporter of version 0.1.0 can send batches in its name.
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
