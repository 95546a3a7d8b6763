/**
 * Applies reports of a node's tasks in the node itself, if it owns the tasks.
 *
 * @module
 */

import type { ReportReply } from "../../remote/messages.ts";
import type { Transport, TransportEvents } from "../../remote/remote_transport.ts";
import type { ReporterCommand } from "../../reporter/reporter_command.ts";
import type { TaskRegistry } from "../../registry/task_registry.ts";
import type { Reporter } from "../../registry/registry_types.ts";
import { ReportIntake } from "../../registry/report_intake.ts";
import { parseNodeReport, type Report } from "../../task/protocol.ts";

/** The maximum number of batches in flight. */
const WINDOW = 32;

/** A report, and what the registry returned for it. */
type Answered = readonly [report: Report, command: ReporterCommand | null];

/** The tasks that this node owns. */
export interface OwnTasks {
  readonly registry: TaskRegistry;
  /** Returns whether no other node can have taken the tasks of a client. */
  owns(client: string): boolean;
}

/** Passes batches to the registry in this process, and its replies back. */
export class OwnTransport implements Transport, Reporter {
  readonly window = WINDOW;
  readonly isRemote = true;
  readonly id: string;
  readonly #tasks: OwnTasks;
  readonly #events: TransportEvents;
  readonly #intake: ReportIntake;
  /** Resolves when all batches so far have got their replies. */
  #replied: Promise<void> = Promise.resolve();
  #isClosed = false;

  /**
   * @param id the id of this node as a reporter
   * @param tasks the tasks that this node owns
   * @param events the callbacks
   */
  constructor(id: string, tasks: OwnTasks, events: TransportEvents) {
    this.id = id;
    this.#tasks = tasks;
    this.#events = events;
    this.#intake = new ReportIntake(tasks.registry, this);
    queueMicrotask(() => this.#open());
  }

  send(batch: number, reports: readonly string[]): void {
    let answered: readonly Answered[];
    try {
      const parsed = reports.map((report) => parseNodeReport(JSON.parse(report)));
      if (!parsed.every(({ client }) => this.#tasks.owns(client))) return this.#lost();
      answered = parsed.map((report) => [report, this.#intake.take(report)]);
    } catch {
      // A report is invalid, or nothing can be stored now. The sink resends the batch after a pause.
      return this.#lost();
    }
    // The replies are delayed, because the sink must not get one before `send()` has returned.
    this.#replied = this.#replied.then(() => this.#replyAll(answered));
    // `taken` makes the sink forget this batch and all earlier ones, so it is sent only after the replies to all of
    // them.
    Promise.all([this.#replied, this.#tasks.registry.committed()])
      .then(() => this.#reply({ type: "taken", batch }), () => this.#lost());
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#tasks.registry.reporterDisconnected(this);
  }

  cancelRequested(client: string, id: string): void {
    this.#reply({ type: "cancel", client, id });
  }

  /** Does nothing: the tasks outlive the ownership of this node. */
  interrupted(): void {}

  #open(): void {
    if (this.#isClosed) return;
    try {
      this.#tasks.registry.reporterConnected(this);
    } catch {
      return this.#lost();
    }
    this.#events.onOpen();
  }

  async #replyAll(answered: readonly Answered[]): Promise<void> {
    for (const [report, command] of answered) {
      if (command === null) continue;
      for (const reply of await this.#intake.replies(report, command)) this.#reply(reply);
    }
  }

  #reply(reply: ReportReply): void {
    if (!this.#isClosed) this.#events.onReply(reply);
  }

  #lost(): void {
    if (this.#isClosed) return;
    this.close();
    queueMicrotask(() => this.#events.onClose(false));
  }
}
