/** Tests of a hundred watchers over real connections that are cut repeatedly while the server is busy. */

import type { Registry } from "../../lib/registry/registry.ts";
import { assertEquals, assertGreater, assertStrictEquals } from "../support/assert.ts";
import {
  type CrowdOptions,
  type CrowdWatcher,
  type Place,
  RestCrowdWatcher,
  SocketCrowdWatcher,
  TaskCrowdWatcher,
} from "../support/resume/crowd.ts";
import { EventCrowdWatcher } from "../support/resume/event_crowd.ts";
import { ResumeLoad } from "../support/resume/load.ts";
import { copyDatabase, holdCommits } from "../support/resume/sqlite_disk.ts";
import { openServer, type TestServer } from "../support/server.ts";
import { hasPostgres, sharedCluster } from "../support/postgres_cluster.ts";
import { randomNumbers } from "../support/simulated_wire.ts";
import { until } from "../support/until.ts";

const CLIENTS = ["alpha", "beta", "gamma"];

/** The number of times that the connection of each watcher is cut. */
const CUTS = 20;

/** The way in which a server stops before another one replaces it. */
type End = "shutdown" | "dispose" | "crash";

interface BusyOptions {
  /** Where the tasks are stored; a crash is simulated only with a file. */
  readonly store: "file" | "memory" | "postgres";
  readonly watchers: number;
  readonly changes: number;
  readonly removalsPerClient: number;
  /** The way in which each of the successive servers stops. */
  readonly ends?: readonly End[];
}

/** Counts of what a run covered. */
interface Outcome {
  readonly resyncs: number;
  /** The number of tasks that a watcher watched until their end. */
  readonly ends: number;
}

/** A busy server with watchers; a run consists of beats, in each of which changes are made and watchers are cut. */
class BusyServer implements AsyncDisposable {
  readonly #options: BusyOptions;
  readonly #random: () => number;
  readonly #folder = Deno.makeTempDirSync({ prefix: "taskscope-" });
  readonly #load: ResumeLoad;
  readonly #place: Place = { url: null };
  readonly #failures: unknown[] = [];
  /** The watchers that are never cut, which show whether the server has sent all messages so far. */
  readonly #controls: CrowdWatcher[];
  readonly #crowd: CrowdWatcher[] = [];
  readonly #followers: TaskCrowdWatcher[] = [];
  #files = 0;
  #server!: TestServer;

  private constructor(options: BusyOptions, seed: number) {
    this.#options = options;
    this.#random = randomNumbers(seed);
    this.#load = new ResumeLoad(this.#random, CLIENTS);
    this.#controls = CLIENTS.map((client) =>
      new SocketCrowdWatcher(this.#watcherOf(client, 0), "delta", "raw")
    );
    for (let i = 0; i < options.watchers; i++) this.#crowd.push(this.#newWatcher(i));
    for (let i = 0; i < 6; i++) {
      const client = CLIENTS[i % CLIENTS.length]!;
      const choose = () => {
        const id = this.#load.longRun(client);
        return id === undefined ? undefined : this.#server.monitor.registry.task(client, id);
      };
      this.#followers.push(new TaskCrowdWatcher(this.#watcherOf(client, CUTS), choose));
    }
  }

  /** Starts a server; its watchers connect in the first beat. */
  static async start(options: BusyOptions, seed: number): Promise<BusyServer> {
    const busy = new BusyServer(options, seed);
    busy.#server = await busy.#start();
    return busy;
  }

  /** The number of beats of a run. */
  get #beats(): number {
    return Math.max(2 * CUTS, Math.ceil(this.#options.changes / 500));
  }

  /** Runs all beats, and checks that every watcher then has the state of the server. */
  async run(): Promise<Outcome> {
    const { changes, ends = [] } = this.#options;
    const endBeats = new Map(
      ends.map((end, i) => [Math.round(this.#beats * ((i + 1) / (ends.length + 1))), end]),
    );
    for (let beat = 1; beat <= this.#beats; beat++) {
      const isLate = () => this.#random() < 0.5;
      const all = [...this.#controls, ...this.#crowd, ...this.#followers];
      const late = all.filter((watcher) => isLate() || void watcher.beat(beat));
      await this.#load.until((changes / this.#beats) * beat);
      for (const watcher of late) watcher.beat(beat);
      const end = endBeats.get(beat);
      if (end !== undefined) await this.#restart(end);
      else await this.#allSent();
    }
    return await this.#end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#load.finish();
    await Promise.all(
      [...this.#controls, ...this.#crowd, ...this.#followers].map((watcher) => watcher.closed()),
    );
    await this.#server[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }

  #watcherOf(client: string, cuts: number): CrowdOptions {
    const beats = new Set<number>();
    while (beats.size < cuts) beats.add(2 + Math.floor(this.#random() * (this.#beats - 2)));
    const failed = (error: unknown) => this.#failures.push(error);
    return { place: this.#place, client, random: this.#random, cuts: beats, failed };
  }

  /**
   * Creates a watcher. Of ten watchers, three poll over REST, two read an event stream, and five use a WebSocket; of these
   * five, one gets the full state each time, and two are cut without a closing handshake.
   */
  #newWatcher(i: number): CrowdWatcher {
    const options = this.#watcherOf(CLIENTS[i % CLIENTS.length]!, CUTS);
    if (i % 10 === 0 || i % 10 === 4) return new EventCrowdWatcher(options);
    if (i % 2 === 0) return new RestCrowdWatcher(options);
    const kind = i % 10 < 4 ? "raw" : "socket";
    return new SocketCrowdWatcher(options, i % 10 === 9 ? "full" : "delta", kind);
  }

  get #file(): string {
    return `${this.#folder}/${this.#files}.db`;
  }

  async #start(): Promise<TestServer> {
    const { store, removalsPerClient } = this.#options;
    const server = await openServer({
      ...(store !== "memory" && { data: store === "file" ? this.#file : sharedCluster().url }),
      limits: { endedTasksPerClient: 60, removalsPerClient, frameIntervalMs: 10 },
    });
    this.#place.url = server.url;
    this.#load.moveTo(server);
    return server;
  }

  async #restart(how: End): Promise<void> {
    const old = this.#server;
    const { url } = this.#place;
    this.#place.url = null;
    const { unfinished } = how === "crash" ? await this.#crash() : { unfinished: this.#load.burst() };
    if (how === "shutdown") await old.monitor.shutdown({ graceMs: 20 });
    await old[Symbol.asyncDispose]();
    await unfinished;
    assertEquals(old.errors, [], `at ${url}`);
    this.#server = await this.#start();
  }

  /** Simulates a crash: the next server gets a copy of the file that is made while commits are in progress. */
  async #crash(): Promise<{ readonly unfinished: Promise<void> }> {
    const file = this.#file;
    const letThrough = holdCommits(file);
    this.#load.progress();
    await this.#turns();
    const unfinished = this.#load.burst();
    await this.#turns();
    this.#files++;
    copyDatabase(file, this.#file);
    for (const watcher of [...this.#controls, ...this.#crowd]) watcher.drop();
    for (const follower of this.#followers) follower.cut();
    letThrough();
    return { unfinished };
  }

  /** Waits for a random number of turns of the event loop, in which watchers poll over REST. */
  async #turns(): Promise<void> {
    for (let turn = Math.floor(this.#random() * 30); turn > 0; turn--) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      for (const watcher of this.#crowd) if (this.#random() < 0.1) watcher.watch();
    }
  }

  /** Waits until the watchers that are never cut have the current state. */
  async #allSent(): Promise<void> {
    const registry = this.#server.monitor.registry as Registry;
    const seqs = CLIENTS.map((client) => registry.lastSeq(client));
    await until(() => {
      const [failure] = this.#failures;
      if (failure !== undefined) throw failure;
      for (const control of this.#controls) control.comeBack();
      return this.#controls.every(({ model }, i) => model.seq >= seqs[i]!);
    });
  }

  async #end(): Promise<Outcome> {
    const last = await this.#load.end();
    assertGreater(this.#load.changes, this.#options.changes);
    const watchers = [...this.#controls, ...this.#crowd];
    await until(() => {
      const [failure] = this.#failures;
      if (failure !== undefined) throw failure;
      const behind = watchers.filter(({ model, client }) => !model.tasks.get(last.get(client)!)?.finished_at);
      for (const watcher of behind) {
        watcher.comeBack();
        watcher.watch();
      }
      const held = CLIENTS.map((client) => this.#load.longRun(client));
      return behind.length === 0 &&
        this.#followers.every(({ watched }) => watched === null || held.includes(watched));
    });
    await this.#agree(watchers);
    for (const { cutCount } of [...this.#crowd, ...this.#followers]) assertEquals(cutCount, CUTS);
    assertEquals(this.#server.errors, []);
    return {
      resyncs: watchers.reduce((sum, { resyncCount }) => sum + resyncCount, 0),
      ends: this.#followers.reduce((sum, { endCount }) => sum + endCount, 0),
    };
  }

  /** Waits until every watcher has the tasks of the server; the estimates of running tasks may change in the meantime. */
  async #agree(watchers: readonly CrowdWatcher[]): Promise<void> {
    const end = performance.now() + 60_000;
    for (const client of CLIENTS) {
      for (const watcher of watchers.filter((watcher) => watcher.client === client)) {
        for (;;) {
          const { all_tasks: wanted } = await (await fetch(`${this.#server.url}/tasks/${client}`)).json();
          assertEquals(Object.keys(wanted).length, 61);
          try {
            assertEquals(Object.fromEntries(watcher.model.tasks), wanted, watcher.model.name);
            break;
          } catch (error) {
            if (performance.now() > end) throw error;
          }
          watcher.comeBack();
          watcher.watch();
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }
    }
  }
}

/** Runs a busy server with a random seed; if the run fails, the error message contains the seed. */
async function keepBusy(options: BusyOptions): Promise<Outcome> {
  const seed = Math.floor(Math.random() * 2 ** 32);
  try {
    await using busy = await BusyServer.start(options, seed);
    return await busy.run();
  } catch (cause) {
    throw new Error(`Failed with seed ${seed}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

Deno.test("watchers: 100 that are cut 20 times each during 50,000 changes end with the state of a store on disk", async () => {
  const { resyncs, ends } = await keepBusy({
    store: "file",
    watchers: 100,
    changes: 50_000,
    removalsPerClient: 150,
  });
  assertGreater(resyncs, 0, "no cursor became too old, so no watcher had to resynchronise");
  assertGreater(ends, 6);
});

Deno.test("watchers: 100 that are cut 20 times each during 50,000 changes end with the state of a store in memory", async () => {
  const { resyncs, ends } = await keepBusy({
    store: "memory",
    watchers: 100,
    changes: 50_000,
    removalsPerClient: 150,
  });
  assertGreater(resyncs, 0, "no cursor became too old, so no watcher had to resynchronise");
  assertGreater(ends, 6);
});

Deno.test("watchers: 60 resume across shutdowns and crashes without a resynchronisation", async () => {
  const { resyncs } = await keepBusy({
    store: "file",
    watchers: 60,
    changes: 30_000,
    removalsPerClient: 1_000_000,
    ends: ["crash", "shutdown", "crash", "dispose", "crash", "crash", "shutdown", "crash"],
  });
  assertStrictEquals(resyncs, 0, "a watcher had to resynchronise");
});

Deno.test({
  name: "watchers: 20 resume across shutdowns without a resynchronisation, with a store in PostgreSQL",
  ignore: !hasPostgres,
  fn: async () => {
    const { resyncs } = await keepBusy({
      store: "postgres",
      watchers: 20,
      changes: 3_000,
      removalsPerClient: 1_000_000,
      ends: ["shutdown", "dispose"],
    });
    assertStrictEquals(resyncs, 0, "a watcher had to resynchronise");
  },
});

Deno.test("watchers: 40 resynchronise after a server that stores tasks only in memory is replaced", async () => {
  const { resyncs } = await keepBusy({
    store: "memory",
    watchers: 40,
    changes: 5_000,
    removalsPerClient: 1_000_000,
    ends: ["shutdown"],
  });
  assertGreater(resyncs, 10);
});
