/**
 * Sends reports to a server in another process, possibly on another machine.
 *
 * @module
 */

import { object } from "../task/field_checks.ts";
import { parseJson, type Report } from "../task/protocol.ts";
import { RemoteConnection } from "./connection.ts";
import { UnsentReports } from "./unsent_reports.ts";
import type { ReportReply } from "./messages.ts";
import type { Transport, TransportEvents } from "./remote_transport.ts";
import { createIdentity, type ReporterIdentity } from "./reporter_identity.ts";
import { FlushInTurn } from "../reporter/flush_in_turn.ts";
import type { ReportedTask, ReportSink } from "../reporter/report_sink.ts";
import { type SurroundingTask, surroundingTask } from "../reporter/surrounding_task.ts";
import { Replay } from "./replay.ts";
import { SinkLifetime } from "./sink_lifetime.ts";

/** The maximum number of tasks at a time, including ended tasks whose reports are not committed yet. */
const MAX_TASKS = 10_000;
/**
 * How long a batch that is not full waits for more reports while another batch is in flight, in milliseconds.
 */
const BATCH_DELAY_MS = 10;

const sinks: Map<string, RemoteSink> = new Map();

/**
 * Returns the sink for a server.
 *
 * @param server `http://host:port`, plus the base path if there is one, without a trailing slash
 * @param key the server's key or a token; `null` if there is none
 * @returns the sink; calls with the same server and key return the same sink
 */
export function remoteSink(server: string, key: string | null = null): RemoteSink {
  const name = `${server} ${key ?? ""}`;
  let sink = sinks.get(name);
  if (sink === undefined) {
    sinks.set(name, sink = new RemoteSink(server, { key, surrounding: surroundingTask(server) }));
  }
  return sink;
}

/** Options of a {@linkcode RemoteSink}. */
export interface RemoteSinkOptions {
  /** The server's key or a token; `null` if there is none. @default {null} */
  readonly key?: string | null;
  /**
   * The parent for reported tasks of the same client that have no parent; `null` if there is none.
   *
   * @default {null}
   */
  readonly surrounding?: SurroundingTask | null;
  /** Called with warnings for the user. By default, warnings are written to the console. */
  readonly warn?: (message: string) => void;
  /** The identity of the reporter. By default, a random one. */
  readonly identity?: ReporterIdentity;
  /**
   * Opens a transport to the server. By default, the transport is a WebSocket, or plain HTTP if WebSockets
   * are blocked.
   */
  readonly connect?: (events: TransportEvents) => Transport;
}

/**
 * Sends reports in numbered batches, and resends uncommitted batches after a reconnect. While the server is
 * unreachable, tasks coalesce their updates, so the memory needed depends on the number of tasks, not on the
 * rate of updates.
 */
export class RemoteSink implements ReportSink, Disposable {
  /** The id of this reporter, which the records of its tasks contain. */
  readonly reporterId: string;
  readonly #server: string;
  readonly #surrounding: SurroundingTask | null;
  readonly #warn: (message: string) => void;
  readonly #connection: RemoteConnection;
  readonly #unsent: UnsentReports = new UnsentReports();
  readonly #tasks: Map<string, ReportedTask> = new Map();
  readonly #turns: FlushInTurn = new FlushInTurn(this);
  readonly #replay: Replay = new Replay();
  readonly #lifetime: SinkLifetime;
  readonly #waiters: Set<() => void> = new Set();
  /**
   * The sequence number of the newest report of any task. All tasks share this sequence, so that a task that
   * reuses the id of an earlier task has higher numbers than the earlier task.
   */
  #newestSeq = 0;
  #batchTimer: ReturnType<typeof setTimeout> | undefined;
  #isPumping = false;
  #isRefused = false;
  readonly #warned: Set<string> = new Set();

  /**
   * @param server `http://host:port`, plus the base path if there is one, without a trailing slash
   * @param options the key, the surrounding task, the callback for warnings, and the way to connect
   */
  constructor(
    server: string,
    options: RemoteSinkOptions = {},
  ) {
    const { key = null, surrounding = null, warn = warnInConsole, connect = null } = options;
    this.#server = server;
    this.#surrounding = surrounding;
    this.#warn = warn;
    const reporter = options.identity ?? createIdentity();
    this.reporterId = reporter.id;
    this.#connection = new RemoteConnection({ server, key, reporter }, {
      onUp: () => this.#up(),
      onDown: () => this.#down(),
      onTooLarge: () => this.#tooLarge(),
      onReply: (reply) => this.#execute(reply),
      onRefused: (reason) => this.#refused(reason),
    }, connect);
    this.#lifetime = new SinkLifetime({
      connection: this.#connection,
      unsent: this.#unsent,
      tasks: this.#tasks,
    });
  }

  get ready(): boolean {
    // After a refusal, tasks need not hold reports back, because the sink discards them.
    return this.#isRefused || (this.#connection.isUp && !this.#unsent.isFull);
  }

  open(task: ReportedTask): void {
    const key = keyOf(task);
    if (this.#replay.endedTask(key) === task) {
      this.#replay.forget(key);
    } else if (this.#tasks.has(key)) {
      // The task is refused, because the server could not distinguish two tasks with the same id.
      return task.refused(`Cannot create task "${task.id}": the id is already taken`);
    } else if (this.#tasks.size + this.#replay.endedCount >= MAX_TASKS) {
      this.#warnOnce(`${MAX_TASKS} tasks already wait for ${this.#server}, so further tasks run unmonitored`);
      return task.refused(null);
    }
    this.#tasks.set(key, task);
    this.#connection.start();
    this.#lifetime.taskOpened();
  }

  report(task: ReportedTask, report: Report): void {
    if (this.#isRefused) return;
    this.#unsent.push(JSON.stringify({ ...this.#nested(report), seq: ++this.#newestSeq }));
    this.#replay.reported(keyOf(task), report.change, this.#unsent.pushed);
    this.#lifetime.update();
    if (this.#isPumping) return;
    this.#isPumping = true;
    // The batch is sent at the end of the turn of the event loop, so that it contains all reports of the
    // turn.
    queueMicrotask(() => {
      this.#isPumping = false;
      this.#pump(false);
    });
  }

  close(task: ReportedTask): void {
    const key = keyOf(task);
    if (this.#tasks.get(key) !== task) return;
    this.#tasks.delete(key);
    // The ended task is kept, because a server that restarted without its data may ask for all reports of the
    // task again.
    if (!this.#isRefused) this.#replay.ended(key, task, this.#unsent.pushed);
    this.#lifetime.progressed();
  }

  settled(): Promise<void> {
    return this.#committed(() => this.#connection.isDown);
  }

  /**
   * Waits for the last reports of a process that is about to end. If the connection to the server is lost, it
   * is retried, because the server may only be restarting.
   *
   * @returns a promise that resolves once all reports so far are committed, or once connecting fails to a
   * server that has never been reached
   */
  delivered(): Promise<void> {
    this.#connection.retryNow();
    return this.#committed(() => this.#connection.isDown && !this.#connection.hasBeenUp);
  }

  async #committed(isHopeless: () => boolean): Promise<void> {
    // The connection may have been closed because it was idle.
    if (this.#tasks.size === 0 && this.#unsent.isEmpty) return;
    this.#lifetime.scheduleDisconnect();
    do {
      await this.#until(() => this.ready || isHopeless());
      this.#flush();
      // While the buffer is full, tasks may hold back further reports, which must be sent first.
    } while (!this.ready && !isHopeless());
    const { pushed } = this.#unsent;
    await this.#until(() => this.#unsent.committed >= pushed || isHopeless());
  }

  /**
   * Disconnects at once. Without this call, the sink disconnects shortly after its last report is committed.
   */
  [Symbol.dispose](): void {
    clearTimeout(this.#batchTimer);
    this.#lifetime[Symbol.dispose]();
    this.#connection.stop();
  }

  /** Makes a task without a parent a subtask of the surrounding task. */
  #nested(report: Report): Report {
    const { client, change } = report;
    const surrounding = this.#surrounding;
    const isNested = change.type === "create" && change.parent_id === null && surrounding?.client === client;
    return isNested ? { ...report, change: { ...change, parent_id: surrounding.id } } : report;
  }

  #up(): void {
    this.#unsent.restart();
    this.#pump(true);
    this.#flush();
    this.#lifetime.reconnected();
    this.#notifyWaiters();
  }

  #down(): void {
    if (!this.#connection.hasBeenUp) {
      this.#warnOnce(`No server answers at ${this.#server}, so tasks run unmonitored until one does`);
    }
    this.#lifetime.update();
    this.#notifyWaiters();
  }

  /** Refuses the task of a report that is too large by itself, so that no other task waits behind that report. */
  #tooLarge(): void {
    const report = this.#unsent.tooLarge();
    if (report === undefined) return;
    const { client, id } = object(parseJson(report), "report");
    const key = keyOf({ client: String(client), id: String(id) });
    this.#refuse(key, `the server does not accept a report of ${report.length} characters`);
    this.#replay.committed(this.#unsent.committed);
  }

  #refuse(key: string, reason: string | null): void {
    (this.#tasks.get(key) ?? this.#replay.endedTask(key))?.refused(reason);
    this.#replay.forget(key);
  }

  #refused(reason: string): void {
    this.#isRefused = true;
    this.#warnOnce(`${this.#server} accepts no reports (${reason}), so tasks run unmonitored`);
    this.#unsent.clear();
    this.#replay.clear();
    for (const task of [...this.#tasks.values()]) task.refused(null);
    this.#lifetime.update();
    this.#notifyWaiters();
  }

  #execute(reply: ReportReply): void {
    switch (reply.type) {
      case "taken":
        return this.#taken(reply.batch);
      case "alive":
      case "closing":
        return;
    }
    const key = keyOf(reply);
    const task = this.#tasks.get(key) ?? this.#replay.endedTask(key);
    switch (reply.type) {
      case "cancel":
        return task?.cancelRequested();
      case "interrupt":
        return task?.interrupted();
      case "unknown":
        return this.#replay.isCreationPending(key) ? undefined : task?.restate(this.#replay.linesOf(key));
      case "refused":
        return this.#refuse(key, reply.reason);
    }
  }

  #taken(batch: number): void {
    const before = this.#unsent.committed;
    this.#unsent.taken(batch);
    const { committed } = this.#unsent;
    this.#replay.committed(committed);
    this.#pump(true);
    this.#flush();
    if (committed > before) this.#lifetime.progressed();
    else this.#lifetime.update();
    this.#notifyWaiters();
  }

  /**
   * Sends batches. While other batches are in flight, a batch that is not full waits for
   * {@linkcode BATCH_DELAY_MS}, unless it is due.
   */
  #pump(isDue: boolean): void {
    while (this.#connection.isUp && this.#unsent.inFlight < this.#connection.window) {
      if (!isDue && this.#unsent.inFlight > 0 && !this.#unsent.hasFullBatch) {
        this.#batchTimer ??= setTimeout(() => {
          this.#batchTimer = undefined;
          this.#pump(true);
        }, BATCH_DELAY_MS);
        return;
      }
      const batch = this.#unsent.next();
      if (batch === undefined) return;
      this.#connection.send(batch.number, batch.reports);
    }
  }

  /** Lets tasks send the reports that they held back. */
  #flush(): void {
    this.#turns.flush(this.#tasks.values());
  }

  #until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        this.#waiters.delete(look);
        resolve();
      };
      this.#waiters.add(look);
    });
  }

  #notifyWaiters(): void {
    for (const look of [...this.#waiters]) look();
  }

  #warnOnce(message: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.#warn(message);
  }
}

function keyOf(task: { readonly client: string; readonly id: string }): string {
  return `${task.client}/${task.id}`;
}

function warnInConsole(message: string): void {
  // No caller would receive an error, so this warning is the only hint why the tasks do not appear.
  // deno-lint-ignore no-console
  console.warn(`[taskscope] ${message}`);
}
