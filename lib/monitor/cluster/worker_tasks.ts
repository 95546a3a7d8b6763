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
import { HeldUpdate } from "./held_update.ts";

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

/**
 * The maximum number of refused tasks to remember for each worker. Beyond it, all of them are forgotten, so that a
 * worker may be told again that a task was refused.
 */
const REMEMBERED_TASKS = 10_000;

/** The tasks of one worker. */
interface Member {
  /** The tasks that have not ended. */
  readonly tasks: Map<string, WorkerTask>;
  /**
   * The refused tasks. Reports that the worker sent before it knew of the refusal get no answer, because an answer could
   * arrive after the worker has created another task with the same id, and refuse that task.
   */
  readonly refused: Set<string>;
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
    const key = keyOf(report);
    let task = member.tasks.get(key);
    if (task === undefined) {
      if (report.change.type !== "create") {
        if (member.refused.has(key)) return;
        // A worker that responds again after its task was interrupted is told that the task has ended.
        const { client, id } = report;
        return this.tell(memberId, { type: "refused", client, id, reason: null });
      }
      task = this.#open(memberId, member, report);
    }
    task.take(report, this.#sink.ready);
  }

  async committed(): Promise<void> {
    await this.#sink.settled();
  }

  gone(memberId: string): void {
    const member = this.#members.get(memberId);
    if (member === undefined) return;
    if (member.tasks.size === 0) return void this.#members.delete(memberId);
    // The worker may never have been told of the refusals.
    member.refused.clear();
    clearTimeout(member.timer);
    member.timer = setTimeout(() => this.#end(memberId, member), this.#limits.awayMs);
    unrefTimer(member.timer);
  }

  back(memberId: string): void {
    if (!this.#members.has(memberId)) return;
    for (const task of this.#memberOf(memberId).tasks.values()) task.repeatCommands();
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#members.values()) clearTimeout(timer);
    this.#members.clear();
  }

  #memberOf(memberId: string): Member {
    let member = this.#members.get(memberId);
    if (member === undefined) this.#members.set(memberId, member = { tasks: new Map(), refused: new Set() });
    clearTimeout(member.timer);
    member.timer = undefined;
    return member;
  }

  #open(memberId: string, member: Member, report: Report): WorkerTask {
    const key = keyOf(report);
    member.refused.delete(key);
    const task = new WorkerTask(report, {
      report: (task, report) => this.#report(task, report),
      close: (task) => {
        member.tasks.delete(key);
        this.#sink.close(task);
      },
      tell: (command) => {
        if (command.type === "refused") remember(member.refused, key);
        this.tell(memberId, command);
      },
    });
    member.tasks.set(key, task);
    // The sink may refuse the task at once.
    this.#sink.open(task);
    return task;
  }

  #report(task: WorkerTask, report: Report): void {
    this.#waiting = this.#sink.ready ? 0 : this.#waiting + JSON.stringify(report).length;
    if (this.#waiting > this.#limits.waitingCharacters) {
      task.refused("Too many reports wait for an owner of the tasks");
    } else this.#sink.report(task, report);
  }

  #end(memberId: string, { tasks }: Member): void {
    this.#members.delete(memberId);
    for (const task of tasks.values()) task.interrupt();
  }
}

/** What a {@linkcode WorkerTask} needs of the tasks of its worker. */
interface WorkerTaskContext {
  /** Sends a report, or refuses the task. */
  report(task: WorkerTask, report: Report): void;
  /** Called once, after the last report of the task or when it is refused. */
  close(task: WorkerTask): void;
  /** Sends the worker a command. */
  tell(command: ReporterCommand): void;
}

/** A task of a worker. Updates that the sink can't send yet are merged. */
class WorkerTask implements ReportedTask {
  readonly client: string;
  readonly id: string;
  ended = false;
  readonly #context: WorkerTaskContext;
  /** The commands that still apply, in order. */
  readonly #commands: Set<"cancel" | "interrupt" | "unknown"> = new Set();
  #held: HeldUpdate | null = null;

  constructor({ client, id }: Report, context: WorkerTaskContext) {
    this.client = client;
    this.id = id;
    this.#context = context;
  }

  take(report: Report, isReady: boolean): void {
    if (this.ended) return;
    const { change } = report;
    if (change.type === "create") this.#commands.delete("unknown");
    if (change.type === "update" && !isReady) {
      (this.#held ??= new HeldUpdate()).add(report.at, change);
      return;
    }
    this.flush();
    this.#report(report);
    if (change.type === "finish" || change.type === "fail" || change.type === "cancelled") this.#end();
  }

  /** Does nothing, because reports that change the state are passed on at once. */
  announce(): void {}

  flush(): void {
    const held = this.#held;
    this.#held = null;
    if (held === null) return;
    const { client, id } = this;
    this.#report({ client, id, at: held.at, change: held.change });
  }

  flushPart(): boolean {
    this.flush();
    return false;
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
    this.#end();
    this.#context.tell({ type: "refused", client, id, reason });
  }

  /** Sends a report, unless an earlier one led to a refusal. */
  #report(report: Report): void {
    if (!this.ended) this.#context.report(this, report);
  }

  #end(): void {
    if (this.ended) return;
    this.ended = true;
    this.#held = null;
    this.#context.close(this);
  }

  /** Sends the commands again, because the worker may have missed them while it did not respond. */
  repeatCommands(): void {
    for (const type of this.#commands) this.#command(type);
  }

  #command(type: "cancel" | "interrupt" | "unknown"): void {
    const { client, id } = this;
    this.#commands.add(type);
    this.#context.tell({ type, client, id });
  }
}

function keyOf({ client, id }: { readonly client: string; readonly id: string }): string {
  return `${client}/${id}`;
}

function remember(refused: Set<string>, key: string): void {
  if (refused.size >= REMEMBERED_TASKS) refused.clear();
  refused.add(key);
}
