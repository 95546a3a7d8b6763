/**
 * Kills a server repeatedly, and checks after each restart that it lost nothing that it had guaranteed.
 *
 * @module
 */

import type { Durability } from "../../../lib/store/store.ts";
import type { Task } from "../../../lib/task/task.ts";
import { call } from "../calls.ts";
import { until } from "../until.ts";
import {
  readClients,
  resumeComplaints,
  retryComplaints,
  stateComplaints,
  textComplaints,
} from "./aftermath.ts";
import { recordComplaints } from "./checks.ts";
import type { CrashDatabase } from "./database.ts";
import { FILLED_CLIENT } from "./fill.ts";
import type { Held } from "./held.ts";
import { Ledger, type News } from "./ledger.ts";
import { Load } from "./load.ts";
import { CrashServer, endsIn, killAtStart } from "./server.ts";
import { Poller, Returner, SocketWatcher, TaskWatcher, type Watcher } from "./watchers.ts";

/** Options of a {@linkcode Campaign}. */
export interface CampaignOptions {
  /** The database, which may have been filled with tasks. */
  readonly database: CrashDatabase;
  /** The number of clients that the database was filled with. */
  readonly filledClients: number;
  /** The number of steady tasks, which run when the server is killed. */
  readonly steadyTasks: number;
  readonly random: () => number;
  /** Limits of the server that replace the defaults of the campaign, which keep every task. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Whether these limits make the server remove tasks. */
  readonly forgets?: boolean;
}

/** One round of load, kill and comparison. */
export interface Round {
  readonly durability?: Durability;
  /** When the server is killed: once all tasks run, early while they are started, or during a graceful shutdown. */
  readonly end: "kill" | "early" | "shutdown";
  /**
   * The load besides the steady tasks: `"all"` is everything; with `"calm"`, no task starts or ends, so that progress is
   * published before its commit; with `"distant"`, only tasks in other isolates end, so that nothing else triggers the
   * commits of these ends.
   */
  readonly work?: "all" | "calm" | "distant";
  /** Whether the server of the database is killed at the same moment. */
  readonly killsDatabase?: boolean;
  /** How often the server is killed again while it restarts. */
  readonly killsAtStart?: number;
}

/** Counts of what a campaign covered. */
export interface Figures {
  rounds: number;
  acknowledgements: number;
  messages: number;
  /** The number of times that a watcher resumed with its cursor after a crash. */
  states: number;
  tasks: number;
  /** The number of tasks whose logs and histories were checked. */
  texts: number;
  /** The number of tasks whose removal by the server's limits a watcher received. */
  forgotten: number;
  /** The number of interrupted tasks in each round. */
  readonly interrupted: number[];
  /** The time from the start of each server process until it was ready, in milliseconds. */
  readonly readyMs: number[];
}

/** The number of client sets; rounds use them in turn, so that tasks survive several crashes before their removal. */
const CLIENT_SETS = 3;
const CLIENTS_PER_SET = 4;
/** The maximum delay between the start of all tasks and the kill, in milliseconds. */
const LATEST_KILL_MS = 1_500;
/** Tasks that the limits remove in each round before the kill, if they may remove any. */
const FORGOTTEN_PER_ROUND = 10;
/** The maximum time from SIGTERM to the kill, in milliseconds: a little more than a shutdown with tasks that ignore it. */
const LATEST_SHUTDOWN_KILL_MS = 2_600;
/** The events that the kill may wait for, by the kind of load. */
const NEWS: Readonly<Record<NonNullable<Round["work"]>, readonly (News | "output")[]>> = {
  all: ["acknowledgement", "end", "output"],
  calm: ["progress"],
  distant: ["output"],
};
/** The maximum time that a kill waits for one of these events, in milliseconds. */
const LATEST_NEWS_MS = 500;
/** The duration of a step of a steady task, in milliseconds. */
const STEP_MS = 400;
/** The number of tasks whose logs and histories are checked after a crash. */
const READ_TASKS = 300;
/** The number of watchers that resume over a WebSocket after a crash. */
const RESUMED_WATCHERS = 4;
/** The number of interrupted tasks that are retried after a crash. */
const RETRIED_TASKS = 3;
/** The number of clients of the filled database that are checked after a crash. */
const READ_FILLED_CLIENTS = 5;

const RESTORE_WINDOW_MS = 5_000;

/** The warning about a task that was cancelled by force and removed, although its code still runs. */
const FORGOTTEN_WHILE_IT_RAN = /^\[taskscope\] Task "\S+" runs unmonitored: .*there is no such task\n/gm;

/** Limits that are too high for a round to reach. */
const AMPLE_LIMITS = {
  endedTasks: 1_000_000,
  endedTasksPerClient: 100_000,
  removalsPerClient: 100_000,
  restoreWindowMs: RESTORE_WINDOW_MS,
};

/** Runs rounds of load, kill, restart and comparison on one database. */
export class Campaign implements AsyncDisposable {
  readonly #options: CampaignOptions;
  readonly #ledger: Ledger;
  /** The copies of the tasks that watchers held when the server was killed. */
  #states: Held[] = [];
  readonly #filled: Map<string, string> = new Map();
  #server: CrashServer | null = null;
  readonly figures: Figures = {
    rounds: 0,
    acknowledgements: 0,
    messages: 0,
    states: 0,
    tasks: 0,
    texts: 0,
    forgotten: 0,
    interrupted: [],
    readyMs: [],
  };

  /** @param options the database, the limits and the load */
  constructor(options: CampaignOptions) {
    this.#options = options;
    const { forgets = false } = options;
    this.#ledger = new Ledger({
      mayForget: () => forgets,
      isOffspring: (id) => /\.\d+\.\d+$/.test(id),
    });
  }

  /** A summary of the figures in one sentence. */
  get summary(): string {
    const { rounds, acknowledgements, messages, states, tasks, texts, readyMs } = this.figures;
    const sorted = [...readyMs].sort((a, b) => a - b).map((milliseconds) => Math.round(milliseconds));
    return `${rounds} crashes, ${acknowledgements} acknowledgements, ${messages} messages to watchers, ` +
      `${states} cursors, ${tasks} tasks, ${texts} logs and histories; ready after ` +
      `${sorted[0]} ms at best, ${sorted[Math.floor(sorted.length / 2)]} in the middle, ${
        sorted.at(-1)
      } at worst`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }

  /**
   * Puts load on the server, kills and restarts it, and checks its guarantees.
   *
   * @param round the load, and when to kill the server
   * @param next the following round, whose durability the restarted server uses
   * @returns complaints about violated guarantees
   */
  async round(round: Round, next: Round = round): Promise<string[]> {
    const { database } = this.#options;
    const { killsAtStart = 0 } = round;
    const { durability = "normal" } = next;
    this.#server ??= await this.#start(round.durability ?? "normal");
    const endedAt = await this.#work(this.#server, round);
    const lastReadyMs = this.figures.readyMs.at(-1)!;
    const wrong: string[] = [];
    for (let kills = 0; kills <= killsAtStart; kills++) {
      const verdict = await database.integrity();
      if (verdict !== "ok") wrong.push(`The database is damaged: ${verdict}`);
      if (kills === killsAtStart) break;
      await killAtStart(this.#serverOptions(durability), this.#options.random() * 1.2 * lastReadyMs);
    }
    this.#server = await this.#start(durability);
    wrong.push(...await this.#check(this.#server, endedAt, round));
    this.figures.rounds++;
    this.figures.acknowledgements = this.#ledger.acknowledgements;
    this.figures.forgotten = this.#ledger.forgotten;
    return wrong;
  }

  async #start(durability: Durability): Promise<CrashServer> {
    const server = await CrashServer.start(this.#serverOptions(durability));
    this.figures.readyMs.push(server.readyMs);
    return server;
  }

  #serverOptions(durability: Durability) {
    return {
      data: this.#options.database.data,
      durability,
      limits: { ...AMPLE_LIMITS, ...this.#options.limits },
    };
  }

  #clientsOf(set: number): string[] {
    return Array.from({ length: CLIENTS_PER_SET }, (_, n) => `set-${set}-${n}`);
  }

  /** Puts load on the server and kills it; returns the time at which it had ended, in epoch seconds. */
  async #work(server: CrashServer, { end, work = "all", killsDatabase = false }: Round): Promise<number> {
    const { database, random, steadyTasks, forgets = false } = this.#options;
    const { url } = server;
    const clients = this.#clientsOf(this.figures.rounds % CLIENT_SETS);
    await this.#removeOld(url, clients);
    const load = new Load({
      url,
      clients,
      ledger: this.#ledger,
      random,
      prefix: `round-${this.figures.rounds}`,
      width: 8,
      restoreWindowMs: RESTORE_WINDOW_MS,
    });
    const watchers = this.#watch(url, clients, load);
    if (work === "all") load.begin();
    if (work !== "calm") await load.startSwarms(work === "distant");
    const started = load.startSteady(steadyTasks, STEP_MS);
    if (end !== "early") await started;
    const watched = Array.from({ length: 3 }, () => load.anySteady()).filter((task) => task !== undefined);
    watchers.push(...watched.map(({ client, id }) => new TaskWatcher(id, this.#watcher(url, client))));
    await new Promise((resolve) => setTimeout(resolve, random() * LATEST_KILL_MS));
    // On a busy machine, tasks may take longer to reach the limits.
    const forgotten = (this.figures.rounds + 1) * FORGOTTEN_PER_ROUND;
    if (forgets) await until(() => this.#ledger.forgotten >= forgotten);
    await this.#momentOfNews(server, work);

    const ending = end === "shutdown" ? server.shutDown(random() * LATEST_SHUTDOWN_KILL_MS) : server.kill();
    // The server has already received the signal to end, so it does not become degraded when the database is
    // killed.
    if (killsDatabase) database.kill?.();
    const { stdout, stderr } = await ending;
    const endedAt = Date.now() / 1000;
    if (killsDatabase) database.restart?.();
    await Promise.all([load.stop(), started, ...watchers.map((watcher) => watcher.stop())]);
    for (const { client, id, end } of endsIn(stdout)) this.#ledger.ended(client, id, end);
    const complaints = forgets ? stderr.replaceAll(FORGOTTEN_WHILE_IT_RAN, "") : stderr;
    if (complaints !== "") {
      this.#ledger.complain(`The server wrote to standard error: ${complaints.slice(0, 2_000)}`);
    }
    for (const watcher of watchers) {
      this.figures.messages += watcher.messages;
      this.#states.push(...watcher.states);
    }
    return endedAt;
  }

  /** Waits for a published event: a kill just after that reveals whether the event was published before its commit. */
  async #momentOfNews(server: CrashServer, work: NonNullable<Round["work"]>): Promise<void> {
    const kinds = NEWS[work];
    const kind = kinds[Math.floor(this.#options.random() * kinds.length)]!;
    const news = kind === "output" ? server.nextOutput() : this.#ledger.next(kind);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const noNews = new Promise<void>((resolve) => timer = setTimeout(resolve, LATEST_NEWS_MS));
    await Promise.race([news, noNews]);
    clearTimeout(timer);
  }

  /** Removes the ended tasks of these clients, which an earlier round created. */
  async #removeOld(url: string, clients: readonly string[]): Promise<void> {
    for (const client of clients) {
      this.#ledger.forgetRemoved(client);
      const asked = this.#ledger.askToRemoveEnded(client);
      const { status, text } = await call("DELETE", `${url}/tasks/${client}?state=FINISHED,ERROR,CANCELLED`);
      if (status === 200) asked.acknowledged();
      else this.#ledger.complain(`DELETE /tasks/${client} was answered ${status}: ${text}`);
    }
    this.#states = this.#states.filter(({ client }) => !clients.includes(client));
  }

  #watch(url: string, clients: readonly string[], load: Load): Watcher[] {
    const at = (n: number) => this.#watcher(url, clients[n % clients.length]!);
    const [first, second] = [at(0), at(1)];
    const full = new SocketWatcher("full", first);
    return [
      ...clients.map((_, n) => new SocketWatcher("delta", at(n))),
      new SocketWatcher("delta", second),
      full,
      new SocketWatcher("full", at(2)),
      new Poller(() => `tasks/${first.client}`, 100, first),
      new Poller(
        (held) => `tasks/${second.client}${held === null ? "" : `?after=${held.cursor}`}`,
        20,
        second,
      ),
      // The polled task may be one whose start has not been acknowledged yet.
      new Poller(
        () => {
          const task = load.anyOf(first.client);
          return task === undefined ? null : `tasks/${first.client}/${task.id}`;
        },
        5,
        first,
      ),
      new Poller(() => `t/${second.client}`, 200, second),
      new Returner(() => full.states, 20, first),
    ];
  }

  #watcher(url: string, client: string) {
    return { url, client, ledger: this.#ledger, random: this.#options.random };
  }

  async #check({ url }: CrashServer, endedAt: number, { end }: Round): Promise<string[]> {
    const clients = Array.from({ length: CLIENT_SETS }, (_, set) => this.#clientsOf(set)).flat();
    const now = await readClients(url, clients);
    const tasks = [...now].flatMap(([client, { tasks }]) => {
      return Array.from(tasks.values(), (task): [string, Task] => [`${client}/${task.id}`, task]);
    });
    const interrupted = tasks.filter(([, { error, finished_at }]) => {
      return error?.type === "interrupted" && finished_at !== null && finished_at >= endedAt;
    });
    const read = this.#some(READ_TASKS, tasks);
    const states = this.#states;
    this.figures.interrupted.push(interrupted.length);
    this.figures.tasks += tasks.length;
    this.figures.texts += read.length;
    this.figures.states += states.length;
    const [{ cursor }] = [...now.values()] as [Held];
    return [
      ...tasks.flatMap(([, task]) => recordComplaints(task)),
      ...this.#ledger.check({ cursor, wasKilled: end !== "shutdown", tasks: new Map(tasks) }),
      ...await stateComplaints(url, states, now),
      ...await resumeComplaints(url, this.#some(RESUMED_WATCHERS, states), now, this.#ledger),
      ...await textComplaints(url, read),
      ...await this.#checkFilled(url),
      ...await retryComplaints(
        url,
        this.#some(RETRIED_TASKS, interrupted.filter(([, { name }]) => name === "steady")),
        this.#ledger,
      ),
    ];
  }

  /** Returns a random selection of the values. */
  #some<T>(count: number, all: readonly T[]): T[] {
    const left = [...all];
    return Array.from({ length: Math.min(count, all.length) }, () => {
      return left.splice(Math.floor(this.#options.random() * left.length), 1)[0]!;
    });
  }

  /** Checks that some of the tasks that existed before the first round are unchanged. */
  async #checkFilled(url: string): Promise<string[]> {
    const wrong: string[] = [];
    for (let n = 0; n < Math.min(READ_FILLED_CLIENTS, this.#options.filledClients); n++) {
      const client = `${FILLED_CLIENT}${Math.floor(this.#options.random() * this.#options.filledClients)}`;
      const { json } = await call("GET", `${url}/tasks/${client}`);
      const digest = JSON.stringify(json.all_tasks);
      const known = this.#filled.get(client);
      if (known !== undefined && digest !== known) {
        wrong.push(`The tasks of ${client}, which no request changed, have changed`);
      }
      this.#filled.set(client, digest);
    }
    return wrong;
  }
}
