/**
 * Sends the reports of the tasks that run in a node to the owners of the tasks.
 *
 * @module
 */

import { now } from "../../clock.ts";
import type { ReportedTask, ReportSink } from "../../reporter/report_sink.ts";
import { RemoteSink } from "../../remote/remote_sink.ts";
import type { Report } from "../../task/protocol.ts";
import { withTimeout } from "../../timeout.ts";
import type { OwnerLink } from "./owner_link.ts";

/**
 * How long the last reports of a node may take, in milliseconds. If the reports take longer, the owner interrupts the
 * tasks once it finds the node gone.
 */
const LAST_REPORTS_MS = 2_000;

/** The interval at which a node that shuts down checks whether its tasks have ended, in milliseconds. */
const LOOK_MS = 20;

/**
 * The sink of one node, which lasts until the node ends: the tasks that run in the node go on when another node becomes
 * their owner.
 */
export class NodeSink implements ReportSink, Disposable {
  readonly #remote: RemoteSink;
  readonly #tasks: Set<ReportedTask> = new Set();

  /**
   * @param reporter the id of the node as a reporter
   * @param link connects the node to the owners of its tasks
   * @param address the address of the node, for warnings
   * @param warn called with warnings for the operator
   */
  constructor(reporter: string, link: OwnerLink, address: string, warn: (message: string) => void) {
    this.#remote = new RemoteSink(address, {
      // No secret is needed, because the handshake between nodes proves the id.
      identity: { id: reporter, secret: "" },
      connect: link.open,
      warn,
    });
  }

  get ready(): boolean {
    return this.#remote.ready;
  }

  open(task: ReportedTask): void {
    this.#tasks.add(task);
    this.#remote.open(task);
  }

  report(task: ReportedTask, report: Report): void {
    this.#remote.report(task, report);
  }

  close(task: ReportedTask): void {
    this.#tasks.delete(task);
    this.#remote.close(task);
  }

  settled(): Promise<void> {
    return this.#remote.settled();
  }

  /** Resolves once all reports so far are committed, even if no node owns the tasks for a long time. */
  delivered(): Promise<void> {
    return this.#remote.delivered();
  }

  /**
   * Ends the tasks of this node, because the node is shutting down: aborts their signals, waits for the tasks, and
   * reports tasks that are still running as interrupted.
   *
   * @param message the error message of the interrupted tasks
   * @param graceMs how long the tasks have to end, in milliseconds
   */
  async settle(message: string, graceMs: number): Promise<void> {
    const { size } = this.#tasks;
    if (size > 0) {
      for (const task of [...this.#tasks]) task.interrupted();
      const untilMs = performance.now() + graceMs;
      while (this.#isRunning && performance.now() < untilMs) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
      for (const task of [...this.#tasks]) if (!task.ended) this.#interrupt(task, message);
    }
    await withTimeout(this.#remote.delivered(), LAST_REPORTS_MS);
  }

  /** Disconnects from the owner. */
  [Symbol.dispose](): void {
    this.#remote[Symbol.dispose]();
  }

  get #isRunning(): boolean {
    for (const task of this.#tasks) if (!task.ended) return true;
    return false;
  }

  #interrupt(task: ReportedTask, message: string): void {
    const { client, id } = task;
    task.flush();
    this.report(task, {
      ...{ client, id, at: now() },
      change: { type: "fail", error: { type: "interrupted", message } },
    });
    task.refused(null);
  }
}
