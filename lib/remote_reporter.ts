/**
 * Reports that go to a server in another process, maybe on another machine.
 *
 * @module
 */

import { randomId } from "./channel.ts";
import type { Report } from "./protocol.ts";
import { RemoteLink } from "./remote_link.ts";
import { RemoteOutbox } from "./remote_outbox.ts";
import { type ReportReply, writeBatch } from "./report_message.ts";
import type { ReportedTask, ReportSink } from "./reporter.ts";
import type { LogLine } from "./task.ts";

/** Tasks that are known at most; while the server is away, those that have ended are kept for it, too. */
const MOST_TASKS = 10_000;
/** Characters of log in one report, about; servers take messages of 1 MiB. */
const LOG_REPORT_CHARACTERS = 64 * 1024;
/** How long reports wait for others to travel with while a batch is on its way, in milliseconds. */
const GATHER_MS = 10;
/** How long a connection is kept that nobody needs, in milliseconds. It keeps the process alive, so not for long. */
const IDLE_MS = 100;
/** How long a process that has nothing else to do waits for a server that is away, in milliseconds from a task's end. */
const LAST_WORDS_MS = 5_000;

const sinks: Map<string, RemoteSink> = new Map();

/**
 * Where reports to a server go.
 *
 * @param server `http://host:port`, with a path where the server has one, without a slash at the end
 * @returns the sink, the same one for every task of the isolate
 */
export function remoteSink(server: string): RemoteSink {
  let sink = sinks.get(server);
  if (sink === undefined) sinks.set(server, sink = new RemoteSink(server));
  return sink;
}

/** A task whose last report has been handed over. */
interface EndedTask {
  readonly task: ReportedTask;
  /** How many reports there were with its last one. */
  readonly end: number;
}

/**
 * Brings reports to a server in numbered batches, and again after a cut. What is held back meanwhile is bounded by the
 * tasks that there are, not by what they say.
 */
export class RemoteSink implements ReportSink, Disposable {
  readonly #server: string;
  readonly #warn: (message: string) => void;
  readonly #link: RemoteLink;
  readonly #outbox: RemoteOutbox = new RemoteOutbox();
  readonly #tasks: Map<string, ReportedTask> = new Map();
  readonly #ended: Map<string, EndedTask> = new Map();
  readonly #waiting: Set<() => void> = new Set();
  /** The number of the newest report, over all tasks: a task that takes an id again goes on above the former. */
  #newestSeq = 0;
  #gatherTimer: ReturnType<typeof setTimeout> | undefined;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  #lastWordsTimer: ReturnType<typeof setTimeout> | undefined;
  #isPumping = false;
  #isRefused = false;
  #hasSaidSo = false;

  /**
   * @param server `http://host:port`, with a path where the server has one, without a slash at the end
   * @param warn says something to the user
   */
  constructor(server: string, warn: (message: string) => void = warnInConsole) {
    this.#server = server;
    this.#warn = warn;
    this.#link = new RemoteLink({ server, reporter: randomId() }, {
      onUp: () => this.#up(),
      onDown: () => this.#down(),
      onReply: (reply) => this.#obey(reply),
      onRefused: (reason) => this.#refused(reason),
    });
  }

  get ready(): boolean {
    // Who is refused has nothing to wait for.
    return this.#isRefused || (this.#link.isUp && !this.#outbox.isFull);
  }

  open(task: ReportedTask): void {
    const key = keyOf(task);
    if (this.#ended.get(key)?.task === task) {
      this.#ended.delete(key);
    } else if (this.#tasks.has(key)) {
      // The server could not tell the two apart.
      return task.refused(`Cannot create task "${task.id}": the id is taken`);
    } else if (this.#tasks.size + this.#ended.size >= MOST_TASKS) {
      return task.refused(`Cannot create task "${task.id}": ${MOST_TASKS} tasks wait for ${this.#server}`);
    }
    this.#tasks.set(key, task);
    clearTimeout(this.#idleTimer);
    this.#link.start();
  }

  report(_task: ReportedTask, report: Report): void {
    if (this.#isRefused) return;
    for (const part of partsOf(report)) {
      this.#outbox.push(JSON.stringify({ ...part, seq: ++this.#newestSeq }));
    }
    if (this.#isPumping) return;
    this.#isPumping = true;
    // At the end of the turn: what is said in it travels together.
    queueMicrotask(() => {
      this.#isPumping = false;
      this.#pump(false);
    });
  }

  close(task: ReportedTask): void {
    const key = keyOf(task);
    if (this.#tasks.get(key) !== task) return;
    this.#tasks.delete(key);
    // A server that was started anew without its data may ask for all of it once more.
    if (!this.#isRefused) this.#ended.set(key, { task, end: this.#outbox.pushed });
    this.#stopWhenIdle();
  }

  async settled(): Promise<void> {
    await this.#until(() => this.ready || this.#link.isDown);
    if (!this.#link.isDown) {
      this.#flush();
      const { pushed } = this.#outbox;
      await this.#until(() => this.#outbox.committed >= pushed || this.#link.isDown);
    }
    if (this.#link.isDown) this.#waitForLastWords();
  }

  /** Ends the connection at once. By itself it ends a moment after the last report was taken. */
  [Symbol.dispose](): void {
    for (const timer of [this.#gatherTimer, this.#idleTimer, this.#lastWordsTimer]) clearTimeout(timer);
    this.#link.stop();
  }

  #up(): void {
    this.#outbox.restart();
    this.#pump(true);
    this.#flush();
    this.#wake();
  }

  #down(): void {
    if (!this.#hasSaidSo && !this.#link.hasBeenUp) {
      this.#hasSaidSo = true;
      this.#warn(`No server answers at ${this.#server}, so tasks run unseen until one does`);
    }
    this.#wake();
  }

  #refused(reason: string): void {
    this.#isRefused = true;
    this.#warn(`${this.#server} takes no reports (${reason}), so tasks run unseen`);
    this.#outbox.clear();
    this.#ended.clear();
    for (const task of [...this.#tasks.values()]) task.refused(null);
    this.#wake();
  }

  #obey(reply: ReportReply): void {
    switch (reply.type) {
      case "taken":
        return this.#taken(reply.batch);
      case "alive":
      case "closing":
        return;
    }
    const key = keyOf(reply);
    const task = this.#tasks.get(key) ?? this.#ended.get(key)?.task;
    switch (reply.type) {
      case "cancel":
        return task?.cancelRequested();
      case "interrupt":
        return task?.interrupted();
      case "unknown":
        return task?.restate();
      case "refused":
        this.#ended.delete(key);
        return task?.refused(reply.reason);
    }
  }

  #taken(batch: number): void {
    this.#outbox.taken(batch);
    for (const [key, { end }] of this.#ended) {
      // In the order of their ends.
      if (end > this.#outbox.committed) break;
      this.#ended.delete(key);
    }
    this.#pump(true);
    this.#flush();
    this.#wake();
    this.#stopWhenIdle();
  }

  /** Sends what there is; a batch that is not full waits a moment while others are on their way, unless it is due. */
  #pump(isDue: boolean): void {
    while (this.#link.isUp && this.#outbox.onTheWay < this.#link.window) {
      if (!isDue && this.#outbox.onTheWay > 0 && !this.#outbox.hasFullBatch) {
        this.#gatherTimer ??= setTimeout(() => {
          this.#gatherTimer = undefined;
          this.#pump(true);
        }, GATHER_MS);
        return;
      }
      const batch = this.#outbox.next();
      if (batch === undefined) return;
      this.#link.send(writeBatch(batch.number, batch.reports));
    }
  }

  /** Lets tasks say what they held back. */
  #flush(): void {
    for (const task of [...this.#tasks.values()]) {
      if (!this.ready) return;
      task.flush();
    }
  }

  #until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** A connection keeps the process alive. */
  #stopWhenIdle(): void {
    clearTimeout(this.#idleTimer);
    if (this.#tasks.size > 0 || !this.#outbox.isEmpty) return;
    clearTimeout(this.#lastWordsTimer);
    this.#idleTimer = setTimeout(() => this.#link.stop(), IDLE_MS);
  }

  /** Nothing else may keep the process alive, and the server may be about to come back. */
  #waitForLastWords(): void {
    if (this.#isRefused || !this.#link.hasBeenUp) return;
    clearTimeout(this.#lastWordsTimer);
    this.#lastWordsTimer = setTimeout(() => {}, LAST_WORDS_MS);
  }
}

/** A report in parts that are small enough: only the lines of a log can be many. */
function partsOf(report: Report): readonly Report[] {
  const { change } = report;
  if (change.type !== "log") return [report];
  const parts: Report[] = [];
  let lines: LogLine[] = [];
  let characters = 0;
  let first = change.first ?? 0;
  const add = () => {
    if (lines.length === 0) return;
    parts.push({ ...report, change: { type: "log", first, lines } });
    first += lines.length;
    lines = [];
    characters = 0;
  };
  for (const line of change.lines) {
    if (characters + line.text.length > LOG_REPORT_CHARACTERS) add();
    lines.push(line);
    characters += line.text.length;
  }
  add();
  return parts;
}

function keyOf(task: { readonly client: string; readonly id: string }): string {
  return `${task.client}/${task.id}`;
}

function warnInConsole(message: string): void {
  // Who wrapped a function wants to see it, and would otherwise look for it in vain.
  // deno-lint-ignore no-console
  console.warn(`[taskscope] ${message}`);
}
