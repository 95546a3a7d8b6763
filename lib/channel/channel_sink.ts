/**
 * Reports that go to a monitor in another isolate of the process.
 *
 * @module
 */

import { isChannelAvailable } from "./bus.ts";
import { MemberChannel } from "./member.ts";
import { parseJson, type Report } from "../task/protocol.ts";
import { parseCommand } from "../reporter/reporter_command.ts";
import type { ReportedTask, ReportSink } from "../reporter/report_sink.ts";

/**
 * How long a monitor is looked for, in milliseconds. In a worker there is one most likely, and its isolate may be busy;
 * elsewhere there is one rarely, and nobody wants to wait for it.
 */
const SEARCH_MS = { worker: 10_000, elsewhere: 200 } as const;
/** The same in a worker whose reports can go elsewhere. */
const SEARCH_WITH_FALLBACK_MS = 2_000;
/** How long after a search in vain the next one may be, in milliseconds. */
const SEARCH_PAUSE_MS = 5_000;

/** How long to wait for the monitor's word that everything is committed, in milliseconds. */
const COMMIT_WAIT_MS = 2_000;

const sinks: Map<string, ChannelSink> = new Map();

/**
 * Where reports go that have no monitor in their own isolate.
 *
 * @param channel the name of the monitor's channel
 * @param fallback where reports go when no monitor answers; `null` where there is no other place
 * @param key the key of that other place, where the function names one
 * @returns the sink, the same one for every task of the isolate
 */
export function channelSink(
  channel: string,
  fallback: () => ReportSink | null = () => null,
  key?: string,
): ReportSink {
  const name = key === undefined ? channel : `${channel} ${key}`;
  let sink = sinks.get(name);
  if (sink === undefined) sinks.set(name, sink = new ChannelSink(channel, fallback));
  return sink;
}

/**
 * Keeps a channel open while there are tasks to report. Without a monitor, and without another place for their reports,
 * tasks run unseen.
 */
class ChannelSink implements ReportSink {
  readonly #name: string;
  readonly #tasks: Map<string, ReportedTask> = new Map();
  #member: MemberChannel | null = null;
  /** A monitor answered since the channel was opened. */
  #found = false;
  #searchedInVainMs = -Infinity;
  /** How many tasks there were so far. */
  #opened = 0;
  #hasSaidSo = false;
  readonly #fallback: () => ReportSink | null;
  /** Takes everything, once no monitor answered: none comes into being later in an isolate that was there before. */
  #other: ReportSink | null = null;

  constructor(name: string, fallback: () => ReportSink | null) {
    this.#name = name;
    this.#fallback = fallback;
  }

  get ready(): boolean {
    if (this.#other !== null) return this.#other.ready;
    // Without a channel there is nobody to wait for.
    return this.#member === null || (this.#member.connected && !this.#member.congested);
  }

  open(task: ReportedTask): void {
    if (this.#other === null && !isChannelAvailable()) this.#other = this.#fallback();
    if (this.#other !== null) return this.#other.open(task);
    const key = keyOf(task);
    if (this.#tasks.has(key)) {
      // The monitor could not tell the two apart.
      task.refused(`Cannot create task "${task.id}": the id is taken`);
      return;
    }
    this.#tasks.set(key, task);
    this.#opened++;
    const mayTry = Date.now() - this.#searchedInVainMs > SEARCH_PAUSE_MS && isChannelAvailable();
    if (this.#member === null && mayTry) void this.#search();
  }

  report(task: ReportedTask, report: Report): void {
    if (this.#other !== null) return this.#other.report(task, report);
    try {
      this.#member?.send(JSON.stringify(report));
    } catch (error) {
      task.refused(error instanceof Error ? error.message : String(error));
    }
  }

  close(task: ReportedTask): void {
    if (this.#other !== null) return this.#other.close(task);
    if (this.#tasks.get(keyOf(task)) === task) this.#tasks.delete(keyOf(task));
    if (this.#tasks.size === 0 && this.#member !== null) void this.#closeWhenSent(this.#member);
  }

  async settled(): Promise<void> {
    if (this.#other !== null) return await this.#other.settled();
    const member = this.#member;
    // A monitor that was there and is not any more is not waited for.
    if (member === null || (this.#found && !member.connected)) return;
    if (!await member.whenConnected(SEARCH_MS.worker)) return await this.#otherSettled();
    // What was held back until there was a connection is to be sent first.
    this.#flush();
    await whenCommitted(member).catch(() => {});
  }

  async #search(): Promise<void> {
    const member = new MemberChannel({
      name: this.#name,
      onMessage: (message) => this.#obey(message),
      onConnect: () => {
        this.#found = true;
        // In a turn of its own: the member is not ready for messages before this call returns.
        queueMicrotask(() => this.#flush());
      },
      onDrain: () => this.#flush(),
    });
    this.#member = member;
    this.#found = false;
    const other = this.#fallback();
    const isWorker = "WorkerGlobalScope" in globalThis;
    const workerMs = other === null ? SEARCH_MS.worker : SEARCH_WITH_FALLBACK_MS;
    if (await member.whenConnected(isWorker ? workerMs : SEARCH_MS.elsewhere)) return;
    if (this.#member !== member) return;
    this.#member = null;
    this.#searchedInVainMs = Date.now();
    member.close();
    if (other !== null) return this.#handOver(other);
    this.#sayUnseen();
    // What was held back goes nowhere.
    this.#flush();
  }

  #handOver(other: ReportSink): void {
    const tasks = [...this.#tasks.values()];
    this.#tasks.clear();
    this.#other = other;
    for (const task of tasks) {
      other.open(task);
      task.flush();
    }
  }

  async #otherSettled(): Promise<void> {
    await this.#other?.settled();
  }

  async #closeWhenSent(member: MemberChannel): Promise<void> {
    const opened = this.#opened;
    // Who has just ended may wait for its commit.
    const isSent = await whenCommitted(member).then(() => true, () => false);
    // A task that began meanwhile may have ended, too, and waits for its own.
    if (isSent && this.#opened === opened && this.#member === member) {
      this.#member = null;
      member.close();
    }
  }

  #flush(): void {
    const tasks = [...this.#tasks.values()];
    for (const task of tasks) task.announce();
    for (const task of tasks) task.flush();
  }

  #obey(message: string): void {
    const command = parseCommand(parseJson(message));
    const task = this.#tasks.get(keyOf(command));
    switch (command.type) {
      case "cancel":
        return task?.cancelRequested();
      case "interrupt":
        return task?.interrupted();
      case "unknown":
        return task?.restate([]);
      case "refused":
        return task?.refused(command.reason);
    }
  }

  #sayUnseen(): void {
    if (this.#hasSaidSo) return;
    this.#hasSaidSo = true;
    // Who wrapped a function wants to see it, and would otherwise look for it in vain.
    // deno-lint-ignore no-console
    console.warn(`[taskscope] No monitor answered on channel "${this.#name}", so tasks run unseen`);
  }
}

/**
 * Resolves when the monitor has taken and committed everything that was sent, or would not say for too long.
 *
 * @throws {LinkClosedError} where the member is closed before
 */
async function whenCommitted(member: MemberChannel): Promise<void> {
  await member.drained();
  const signal = AbortSignal.timeout(COMMIT_WAIT_MS);
  await member.request('{"type":"committed"}', { signal }).catch(() => {});
}

function keyOf(task: { readonly client: string; readonly id: string }): string {
  return `${task.client}/${task.id}`;
}
