/**
 * Sends random requests to a server, and records its responses in a ledger.
 *
 * @module
 */

import type { JsonValue } from "../../../lib/task/task.ts";
import { type Answer, call } from "../calls.ts";
import type { Asked, Ledger, Wish } from "./ledger.ts";

/** Options of a {@linkcode Load}. */
export interface LoadOptions {
  /** The server's address. */
  readonly url: string;
  readonly clients: readonly string[];
  readonly ledger: Ledger;
  readonly random: () => number;
  /** The prefix of the task ids, unique to each load. */
  readonly prefix: string;
  /** The number of concurrent random requests. */
  readonly width: number;
  /** The time for which a removed task can be restored, in milliseconds. */
  readonly restoreWindowMs: number;
}

/** A started task. */
interface Started {
  readonly client: string;
  readonly id: string;
}

/** The share of each kind of request, in percent. */
const MIX:
  readonly (readonly [share: number, what: "start" | "cancel" | "force" | "remove" | "restore" | "retry"])[] =
    [
      [34, "start"],
      [14, "cancel"],
      [4, "force"],
      [18, "remove"],
      [18, "restore"],
      [12, "retry"],
    ];

/** The number of concurrent requests that start steady tasks. */
const STARTS_AT_A_TIME = 32;

/** Starts, cancels, removes, restores and retries tasks at random. */
export class Load {
  readonly #options: LoadOptions;
  readonly #brief: Started[] = [];
  readonly #steady: Started[] = [];
  readonly #deaf: Started[] = [];
  readonly #lanes: Promise<void>[] = [];
  #count = 0;
  #isOver = false;

  /** @param options the server, the ledger and the size of the load */
  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** Returns a random steady task; `undefined` if there is none yet. */
  anySteady(): Started | undefined {
    return this.#any(this.#steady);
  }

  /** Returns a random task of a client; the server may not have it yet, or no longer. */
  anyOf(client: string): Started | undefined {
    const all = this.#brief.length > 0 ? this.#brief : this.#steady;
    return this.#any(all.filter((task) => task.client === client));
  }

  /** Starts to send random requests; this continues until the server has ended or the load is stopped. */
  begin(): void {
    for (let lane = 0; lane < this.#options.width; lane++) this.#lanes.push(this.#lane());
  }

  /**
   * Starts a swarm of each client: short tasks whose outcome is printed to standard output.
   *
   * @param areDistant whether all swarms run in other isolates, instead of only that of the first client
   */
  async startSwarms(areDistant: boolean): Promise<void> {
    const { clients, prefix } = this.#options;
    await Promise.all(clients.map((client, index) => {
      const isDistant = areDistant || index === 0;
      // In another isolate, tasks are few and short, so that the channel is often idle.
      const [name, width, lifeMs] = isDistant
        ? ["distant_swarm", 2, 20] as const
        : ["swarm", 3, 100] as const;
      return this.#start(client, `${prefix}-swarm`, name, [width, lifeMs]);
    }));
  }

  /** Starts tasks that run until they are cancelled; resolves when all are started, or the server has ended. */
  async startSteady(count: number, pauseMs: number): Promise<void> {
    let started = 0;
    await Promise.all(Array.from({ length: STARTS_AT_A_TIME }, async () => {
      while (started < count && !this.#isOver) {
        const isDeaf = started++ % 50 === 0;
        const key = { client: this.#anyClient(), id: this.#nextId() };
        const answer = await this.#start(
          key.client,
          key.id,
          "steady",
          isDeaf ? [pauseMs, "deaf"] : [pauseMs],
        );
        if (answer?.status === 202) (isDeaf ? this.#deaf : this.#steady).push(key);
      }
    }));
  }

  /** Stops the load; resolves when all requests have been answered, or have failed because the server has ended. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#lanes);
  }

  async #lane(): Promise<void> {
    while (!this.#isOver) await this.#act();
  }

  async #act(): Promise<void> {
    const { random } = this.#options;
    let dice = random() * 100;
    const [, what] = MIX.find(([share]) => (dice -= share) < 0) ?? MIX[0]!;
    switch (what) {
      case "start":
        return await this.#startBrief();
      case "cancel": {
        // Steady tasks and those that ignore cancellation are cancelled, too, but less often.
        const dice = random();
        const task = this.#any(dice < 0.1 ? this.#steady : dice < 0.3 ? this.#deaf : this.#brief);
        return task && await this.#cancel(task, false);
      }
      case "force": {
        const task = this.#any(this.#deaf);
        return task && await this.#cancel(task, true);
      }
      case "remove":
        return await this.#remove(false);
      case "restore":
        return await this.#remove(true);
      case "retry": {
        const task = this.#any(this.#brief);
        return task && await this.#retry(task);
      }
    }
  }

  async #startBrief(): Promise<void> {
    const { random } = this.#options;
    const key = { client: this.#anyClient(), id: this.#nextId() };
    const how = this.#any(["finish", "finish", "fail", "wait", "parts"])!;
    this.#brief.push(key);
    await this.#start(key.client, key.id, "brief", [random() * 200, how]);
  }

  #start(client: string, id: string, name: string, args: readonly JsonValue[]): Promise<Answer | null> {
    return this.#ask("start", { client, id }, "POST", `${client}/start/${name}`, 202, [], { id, args });
  }

  async #cancel(task: Started, isForced: boolean): Promise<void> {
    const path = `${task.client}/${task.id}/cancel${isForced ? "?force=true" : ""}`;
    await this.#ask(isForced ? "force" : "cancel", task, "POST", path, 202, ["task_ended", "task_not_found"]);
  }

  async #retry(task: Started): Promise<void> {
    const refusals = ["task_active", "task_not_found"];
    const answer = await this.#ask("retry", task, "POST", `${task.client}/${task.id}/retry`, 202, refusals);
    if (answer?.status !== 202) return;
    const id = answer.json.task_id;
    this.#options.ledger.started(task.client, id);
    this.#brief.push({ client: task.client, id });
  }

  async #remove(isRestored: boolean): Promise<void> {
    const index = Math.floor(this.#options.random() * this.#brief.length);
    const [task] = this.#brief.splice(index, 1);
    if (task === undefined) return;
    const path = `${task.client}/${task.id}`;
    const refusals = ["task_active", "task_not_found"];
    // The time to restore the task begins when the server removes it, maybe long before the response arrives.
    const askedMs = performance.now();
    const removed = await this.#ask("remove", task, "DELETE", path, 204, refusals);
    if (removed === null) return;
    if (removed.status !== 204) {
      if (removed.status === 409) this.#brief.push(task);
      return;
    }
    if (!isRestored) return;
    const restored = await this.#ask("restore", task, "POST", `${path}/restore`, 200, ["task_not_found"]);
    if (restored === null) return;
    if (restored.status === 200) {
      this.#options.ledger.saw(task.client, restored.json);
      this.#brief.push(task);
    } else if (performance.now() - askedMs < this.#options.restoreWindowMs && restored.status === 404) {
      this.#options.ledger.complain(
        `${path} was removed a moment ago, but cannot be restored: ${restored.text}`,
      );
    }
  }

  /** Requests a change and records the response; returns `null` if the server has ended. */
  async #ask(
    wish: Wish,
    { client, id }: Started,
    method: string,
    path: string,
    done: number,
    refusals: readonly string[],
    body?: unknown,
  ): Promise<Answer | null> {
    const { url, ledger } = this.#options;
    const asked: Asked = ledger.ask(wish, client, id);
    const options = body === undefined ? {} : { body };
    const answer = await call(method, `${url}/tasks/${path}`, options).catch(() => null);
    if (answer === null) this.#isOver = true;
    else if (answer.status === done) asked.acknowledged();
    else if ([...refusals, "closing"].includes(answer.json?.code)) {
      asked.refused(answer.json.code === "task_not_found");
    } else ledger.complain(`${method} /tasks/${path} was answered ${answer.status}: ${answer.text}`);
    return answer;
  }

  #nextId(): string {
    return `${this.#options.prefix}-${++this.#count}`;
  }

  #anyClient(): string {
    return this.#any(this.#options.clients)!;
  }

  #any<T>(all: readonly T[]): T | undefined {
    return all[Math.floor(this.#options.random() * all.length)];
  }
}
