/**
 * Decides how long a sink stays connected, and how long it keeps its process alive.
 *
 * @module
 */

import { isNode, unrefTimer } from "../environment.ts";
import type { ReportedTask } from "../reporter/report_sink.ts";
import type { RemoteConnection } from "./connection.ts";
import type { UnsentReports } from "./unsent_reports.ts";

/** How long an idle connection is kept open, in milliseconds. */
const IDLE_MS = 100;
/**
 * How long uncommitted reports keep an otherwise idle process alive, in milliseconds, because the server may
 * only be restarting. The time begins anew with each commit, with each end of a task, and with a reconnect
 * that follows one of these.
 */
const UNSENT_GRACE_MS = isNode() ? 2_000 : 5_000;

/** The parts of a sink on which its lifetime depends. */
export interface SinkLifetimeOptions {
  readonly connection: Pick<RemoteConnection, "isUp" | "isDown" | "hasBeenUp" | "stop" | "pause">;
  readonly unsent: Pick<UnsentReports, "isEmpty">;
  /** The tasks that the sink reports. */
  readonly tasks: ReadonlyMap<string, ReportedTask>;
}

/** Disconnects a sink that has nothing left to do, and lets its process end. */
export class SinkLifetime implements Disposable {
  readonly #sink: SinkLifetimeOptions;
  /**
   * The timer that runs while no task runs. When it fires, the sink disconnects. If some reports are not
   * committed, the sink keeps them and connects again later, as long as something else keeps the process
   * alive.
   */
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  /** The timer that keeps the process alive for {@linkcode UNSENT_GRACE_MS}. */
  #graceTimer: ReturnType<typeof setTimeout> | undefined;
  /** Whether a report was committed or a task ended since the last reconnect. */
  #hasProgressed = false;

  /** @param sink the connection, the reports and the tasks of the sink */
  constructor(sink: SinkLifetimeOptions) {
    this.#sink = sink;
  }

  /** Stays connected, because a task begins. */
  taskOpened(): void {
    clearTimeout(this.#idleTimer);
    this.update();
  }

  /** Restarts the grace period of uncommitted reports, because a task ended or reports were committed. */
  progressed(): void {
    this.#hasProgressed = true;
    this.scheduleDisconnect();
    this.#keepAlive({ anew: true });
  }

  /** Restarts the grace period after a reconnect, because the uncommitted reports are resent. */
  reconnected(): void {
    // If the server has committed nothing since the last reconnect, the grace period is not restarted, so
    // that it ends.
    if (this.#hasProgressed) this.scheduleDisconnect();
    this.#keepAlive({ anew: this.#hasProgressed });
    this.#hasProgressed = false;
  }

  /** Decides anew whether to keep the process alive, because a report was made or the connection changed. */
  update(): void {
    this.#keepAlive({ anew: false });
  }

  /**
   * Disconnects once no task runs and everything is committed, or after the grace period if reports are still
   * uncommitted.
   */
  scheduleDisconnect(): void {
    const { connection, tasks, unsent } = this.#sink;
    clearTimeout(this.#idleTimer);
    for (const task of tasks.values()) if (!task.ended) return;
    if (tasks.size === 0 && unsent.isEmpty) {
      this.#idleTimer = unrefTimer(setTimeout(() => connection.stop(), IDLE_MS));
    } else {
      this.#idleTimer = unrefTimer(setTimeout(() => connection.pause(), UNSENT_GRACE_MS));
      this.#keepAlive({ anew: true });
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#graceTimer);
  }

  /**
   * Keeps the process alive while reports are uncommitted, but no longer than {@linkcode UNSENT_GRACE_MS}.
   * Reports to a server that was never reached keep no process alive after the first failed attempt.
   *
   * @param options whether to restart the timer
   */
  #keepAlive({ anew }: { readonly anew: boolean }): void {
    const { connection: { isUp, isDown, hasBeenUp }, unsent } = this.#sink;
    const isConnecting = !isUp && !isDown;
    const isUnderWay = isConnecting || (hasBeenUp && (!unsent.isEmpty || this.#holdsEndBack()));
    if (anew || !isUnderWay) {
      clearTimeout(this.#graceTimer);
      this.#graceTimer = undefined;
    }
    // `#graceTimer` keeps a timer that has fired, so that further reports do not start another timer.
    if (isUnderWay) this.#graceTimer ??= setTimeout(() => {}, UNSENT_GRACE_MS);
  }

  /** Returns whether a task has ended but can't report its end yet, because the connection is lost. */
  #holdsEndBack(): boolean {
    const { connection, tasks } = this.#sink;
    if (!connection.isDown) return false;
    for (const task of tasks.values()) if (task.ended) return true;
    return false;
  }
}
