/**
 * Sends the reports of tasks in other isolates of a node's process, such as its workers, as reports of the node.
 *
 * @module
 */

import { now } from "../../clock.ts";
import { unrefTimer } from "../../environment.ts";
import type { MemberReports, TellMember } from "../../registry/member_reports.ts";
import type { ReporterCommand } from "../../reporter/reporter_command.ts";
import type { ReportedTask, ReportSink } from "../../reporter/report_sink.ts";
import type { Report } from "../../task/protocol.ts";
import type { UpdateChange } from "../../task/task.ts";

/** Limits of {@linkcode WorkerTasks}. */
export interface WorkerLimits {
  /**
   * How long a worker may be unresponsive before its tasks count as interrupted, in milliseconds: it may only be busy.
   *
   * @default {600000}
   */
  readonly awayMs?: number;
  /** The maximum number of characters of reports that wait for an owner of the tasks. @default {8388608} */
  readonly waitingCharacters?: number;
}

/** The tasks of one worker. */
interface Member {
  readonly tasks: Map<string, WorkerTask>;
  /** Set while the worker does not respond. */
  timer?: ReturnType<typeof setTimeout> | undefined;
}

/** Passes the reports of workers to the sink of their node, and commands for the tasks back to the workers. */
export class WorkerTasks implements MemberReports, Disposable {
  tell: TellMember = () => {};
  readonly #sink: ReportSink;
  readonly #limits: Required<WorkerLimits>;
  readonly #members: Map<string, Member> = new Map();
  #waiting = 0;

  /**
   * @param sink the sink of the node
   * @param limits the limits
   */
  constructor(sink: ReportSink, limits: WorkerLimits = {}) {
    const { awayMs = 10 * 60 * 1_000, waitingCharacters = 8 * 1024 * 1024 } = limits;
    this.#sink = sink;
    this.#limits = { awayMs, waitingCharacters };
  }

  take(memberId: string, report: Report): void {
    const member = this.#memberOf(memberId);
    const key = `${report.client}/${report.id}`;
    let task = member.tasks.get(key);
    if (task === undefined) {
      // A worker that responds again after its task was interrupted is told that the task has ended.
      if (report.change.type !== "create") {
        const { client, id } = report;
        return this.tell(memberId, { type: "refused", client, id, reason: null });
      }
      const sink = { report: (task: WorkerTask, report: Report) => this.#report(task, report) };
      task = new WorkerTask(report, sink, (command) => this.tell(memberId, command));
      member.tasks.set(key, task);
      this.#sink.open(task);
    }
    task.take(report, this.#sink.ready);
    if (!task.ended) return;
    member.tasks.delete(key);
    this.#sink.close(task);
  }

  committed(): Promise<void> {
    return this.#sink.settled();
  }

  gone(memberId: string): void {
    const member = this.#members.get(memberId);
    if (member === undefined) return;
    if (member.tasks.size === 0) return void this.#members.delete(memberId);
    member.timer = setTimeout(() => this.#end(memberId, member), this.#limits.awayMs);
    unrefTimer(member.timer);
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#members.values()) clearTimeout(timer);
    this.#members.clear();
  }

  #memberOf(memberId: string): Member {
    let member = this.#members.get(memberId);
    if (member === undefined) this.#members.set(memberId, member = { tasks: new Map() });
    clearTimeout(member.timer);
    member.timer = undefined;
    return member;
  }

  #report(task: WorkerTask, report: Report): void {
    this.#waiting = this.#sink.ready ? 0 : this.#waiting + JSON.stringify(report).length;
    if (this.#waiting > this.#limits.waitingCharacters) {
      task.refused("Too many reports wait for an owner of the tasks");
    } else this.#sink.report(task, report);
  }

  #end(memberId: string, { tasks }: Member): void {
    this.#members.delete(memberId);
    for (const task of tasks.values()) {
      task.interrupt();
      this.#sink.close(task);
    }
  }
}

/** A task of a worker. Updates that the sink can't send yet are merged: the newest values win. */
class WorkerTask implements ReportedTask {
  readonly client: string;
  readonly id: string;
  ended = false;
  readonly #sink: { report(task: WorkerTask, report: Report): void };
  readonly #tell: (command: ReporterCommand) => void;
  #held: (Report & { readonly change: UpdateChange }) | null = null;

  constructor(
    { client, id }: Report,
    sink: { report(task: WorkerTask, report: Report): void },
    tell: (command: ReporterCommand) => void,
  ) {
    this.client = client;
    this.id = id;
    this.#sink = sink;
    this.#tell = tell;
  }

  take(report: Report, isReady: boolean): void {
    if (this.ended) return;
    const { change } = report;
    if (change.type === "update" && !isReady) {
      this.#held = { ...report, change: merged(this.#held?.change, change) };
      return;
    }
    this.flush();
    this.#sink.report(this, report);
    this.ended ||= change.type === "finish" || change.type === "fail" || change.type === "cancelled";
  }

  /** Does nothing, because reports that change the state are passed on at once. */
  announce(): void {}

  flush(): void {
    const held = this.#held;
    this.#held = null;
    if (held !== null) this.#sink.report(this, held);
  }

  /** Reports the task as interrupted, because the worker no longer responds. */
  interrupt(): void {
    const { client, id } = this;
    const message = "Its worker stopped responding while the task ran";
    this.take(
      { client, id, at: now(), change: { type: "fail", error: { type: "interrupted", message } } },
      true,
    );
  }

  cancelRequested(): void {
    this.#command("cancel");
  }

  interrupted(): void {
    this.#command("interrupt");
  }

  restate(): void {
    this.#command("unknown");
  }

  refused(reason: string | null): void {
    const { client, id } = this;
    this.ended = true;
    this.#tell({ type: "refused", client, id, reason });
  }

  #command(type: "cancel" | "interrupt" | "unknown"): void {
    const { client, id } = this;
    this.#tell({ type, client, id });
  }
}

function merged(held: UpdateChange | undefined, change: UpdateChange): UpdateChange {
  if (held === undefined) return change;
  const both = (name: "metadata" | "values") =>
    held[name] === undefined && change[name] === undefined
      ? {}
      : { [name]: { ...held[name], ...change[name] } };
  return { ...held, ...change, ...both("metadata"), ...both("values") };
}
