/**
 * Puts load on a monitor: starts, updates, ends, removes and restores thousands of tasks per second.
 *
 * @module
 */

import type { MonitoredFunction, MonitoredTask, TaskHandle } from "../../../lib/mod.ts";
import type { TaskRegistry } from "../../../lib/registry/task_registry.ts";
import type { TestServer } from "../server.ts";

/** What a run does; the argument of the monitored function. */
interface Script {
  readonly updates: number;
  readonly hasLog: boolean;
  readonly fails: boolean;
  /** Resolves when the run may continue; absent if the run does not wait between its updates. */
  readonly pause?: () => Promise<void>;
}

type Work = MonitoredFunction<void, [Script], number>;

/** A run that waits before each update until the load releases it. */
interface LongRun {
  readonly client: string;
  readonly id: string;
  /** Releases the next update. */
  go: () => void;
  stepsLeft: number;
  /** Whether the run no longer waits between its updates. */
  isEnding: boolean;
}

/** The number of long runs per client. */
const LONG_RUNS = 12;

/** The number of ended and of removed ids to remember per client, which may be removed, restored or reused. */
const REMEMBERED_IDS = 20;

/** Makes changes by running monitored functions, and by requests that remove and restore tasks. */
export class ResumeLoad {
  readonly #random: () => number;
  readonly #clients: readonly string[];
  readonly #handles: Set<Promise<unknown>> = new Set();
  readonly #long: LongRun[] = [];
  readonly #ended: Map<string, string[]>;
  readonly #removed: Map<string, string[]>;
  #server!: TestServer;
  #work!: Work;
  #runs = 0;
  #seq = 0;
  /** The number of changes made so far. */
  changes = 0;

  /**
   * @param random returns random numbers from 0 to 1
   * @param clients the clients of the tasks
   */
  constructor(random: () => number, clients: readonly string[]) {
    this.#random = random;
    this.#clients = clients;
    this.#ended = new Map(clients.map((client) => [client, []]));
    this.#removed = new Map(clients.map((client) => [client, []]));
  }

  /** The number of the newest run; runs are counted from 1. */
  get newestRun(): number {
    return this.#runs;
  }

  /** Runs all further functions on another server; the long runs so far end unmonitored. */
  moveTo(server: TestServer): void {
    this.#server = server;
    this.#seq = server.monitor.registry.cursor.seq;
    this.#work = server.monitor.monitored(work, { name: "work" });
    this.#endLong();
  }

  /** Returns the id of an unfinished run of a client; `undefined` if there is none. */
  longRun(client: string): string | undefined {
    const runs = this.#long.filter((run) => run.client === client);
    return runs.length === 0 ? undefined : this.#pick(runs).id;
  }

  /** Makes changes until their number has reached `changes`. */
  async until(changes: number): Promise<void> {
    while (this.changes < changes) {
      await this.burst();
      this.#count();
    }
  }

  /** Makes every long run report progress, and makes no other change. */
  progress(): void {
    for (const run of this.#long) {
      if (run.stepsLeft === 0) continue;
      run.stepsLeft--;
      run.go();
    }
  }

  /** Makes some hundred changes in one turn of the event loop; resolves when those made by requests are committed. */
  async burst(): Promise<void> {
    const requests: Promise<void>[] = [];
    for (let i = 0; i < 50; i++) {
      const request = this.#something();
      if (request !== undefined) requests.push(request);
    }
    await Promise.all(requests);
  }

  /**
   * Ends all runs; then starts a waiting run, and completes a last short run, for each client. Returns the id
   * of the last run of each client.
   */
  async end(): Promise<ReadonlyMap<string, string>> {
    await this.finish();
    for (const client of this.#clients) this.#beginLong(client);
    const last = new Map<string, string>();
    for (const client of this.#clients) {
      const { id, done } = this.#start(client, { updates: 1, hasLog: false, fails: false });
      await done;
      last.set(client, id);
    }
    this.#count();
    return last;
  }

  /** Waits until all runs have ended. */
  async finish(): Promise<void> {
    this.#endLong();
    await Promise.all(this.#handles);
  }

  #endLong(): void {
    for (const run of this.#long.splice(0)) {
      run.isEnding = true;
      run.go();
    }
  }

  #count(): void {
    const { seq } = this.#server.monitor.registry.cursor;
    this.changes += seq - this.#seq;
    this.#seq = seq;
  }

  #something(): Promise<void> | undefined {
    const client = this.#pick(this.#clients);
    const dice = this.#random();
    if (dice < 0.25) return void this.#goOn(client);
    if (dice < 0.29) return this.#remove(client);
    if (dice < 0.31) return this.#restore(client);
    if (dice < 0.33) return void this.#takeAgain(client);
    if (dice < 0.331) return this.#request("DELETE", `${client}?state=ERROR`);
    this.#start(client, {
      updates: 1 + Math.floor(this.#random() * 3),
      hasLog: this.#random() < 0.2,
      fails: this.#random() < 0.2,
    });
    return undefined;
  }

  #start(client: string, script: Script, id?: string): TaskHandle<unknown> {
    const metadata = { run: ++this.#runs };
    const handle = this.#work.with({ client, metadata, ...(id !== undefined && { id }) }).start(script);
    const done = handle.done.then(() => {}, () => {}).finally(() => this.#handles.delete(done));
    this.#handles.add(done);
    if (script.pause === undefined) remember(this.#ended.get(client)!, handle.id);
    return handle;
  }

  #goOn(client: string): void {
    const runs = this.#long.filter((run) => run.client === client);
    if (runs.length < LONG_RUNS) return this.#beginLong(client);
    const run = this.#pick(runs);
    if (run.stepsLeft-- === 0) {
      this.#long.splice(this.#long.indexOf(run), 1);
      run.isEnding = true;
    }
    run.go();
  }

  #beginLong(client: string): void {
    const stepsLeft = 5 + Math.floor(this.#random() * 20);
    const id = `long-${this.#runs + 1}`;
    const run: LongRun = { client, id, go: () => {}, stepsLeft, isEnding: false };
    this.#long.push(run);
    const pause = () => {
      if (run.isEnding) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      run.go = resolve;
      return promise;
    };
    this.#start(client, { updates: stepsLeft + 1, hasLog: false, fails: false, pause }, id);
  }

  async #remove(client: string): Promise<void> {
    const ids = this.#ended.get(client)!;
    if (ids.length === 0) return;
    const id = this.#pick(ids);
    await this.#request("DELETE", `${client}/${id}`);
    remember(this.#removed.get(client)!, id);
  }

  async #restore(client: string): Promise<void> {
    const ids = this.#removed.get(client)!;
    if (ids.length > 0) await this.#request("POST", `${client}/${this.#pick(ids)}/restore`);
  }

  #takeAgain(client: string): void {
    const ids = this.#removed.get(client)!;
    if (ids.length === 0) return;
    const id = this.#pick(ids);
    // The monitor may have to read the record first, so this asks the registry, which responds in the same
    // turn.
    const registry = this.#server.monitor.registry as TaskRegistry;
    if (registry.stored(client, id) !== undefined) return;
    this.#start(client, { updates: 1, hasLog: false, fails: false }, id);
  }

  /** Sends a request; throws on errors other than that the task is missing or exists already. */
  async #request(method: string, path: string): Promise<void> {
    const { monitor, url } = this.#server;
    // A server that is shutting down responds with 503.
    const expected = [200, 204, 404, 409, 503];
    const headers = { host: new URL(url).host };
    const response = await monitor.fetch(new Request(`${url}/tasks/${path}`, { method, headers }));
    if (!expected.includes(response.status)) {
      throw new Error(`Unexpected status ${response.status} of ${method} ${path}: ${await response.text()}`);
    }
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)]!;
  }
}

async function work(task: MonitoredTask, script: Script): Promise<number> {
  const { updates, hasLog, fails, pause } = script;
  for (let i = 1; i <= updates; i++) {
    if (pause !== undefined) await pause();
    task.update({ progress: Math.round((i / updates) * 99), status: `Step ${i} of ${updates}` });
    if (hasLog) task.log(`Step ${i}`);
  }
  if (fails) throw new Error("failed as it was meant to");
  return updates;
}

function remember(ids: string[], id: string): void {
  if (!ids.includes(id)) ids.push(id);
  if (ids.length > REMEMBERED_IDS) ids.shift();
}
