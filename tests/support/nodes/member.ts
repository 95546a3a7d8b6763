/**
 * One node of a cluster, in a process of its own.
 *
 * @module
 */

import { call } from "../calls.ts";
import { type Held, heldAfter } from "../crash/held.ts";
import { freePort } from "../free_port.ts";
import { type Ended, type Program, startProgram } from "../program.ts";
import { TcpProxy } from "../tcp_proxy.ts";

/** Options of a {@linkcode Member}. */
export interface MemberOptions {
  /** The number of the node, counted from 0. */
  readonly index: number;
  /** The URL of the database. */
  readonly data: string;
  /** Whether the connections to the database, and of other nodes to this one, pass proxies. */
  readonly isProxied: boolean;
  /** The address of the balancer. */
  readonly publicUrl: string;
  /** Command-line arguments in addition to those of every node. */
  readonly args: readonly string[];
}

/** How long a node may take until it is ready, in milliseconds. */
const PATIENCE_MS = 30_000;

/** A node that can be stopped, killed and frozen; its port stays the same. */
export class Member implements AsyncDisposable {
  readonly index: number;
  readonly port: number = freePort();
  /** The proxy between this node and the database; `null` if there is none. */
  readonly database: TcpProxy | null;
  /** The proxy between other nodes and this one; `null` if there is none. */
  readonly peers: TcpProxy | null;
  readonly #options: MemberOptions;
  #program: Program | null = null;
  /** The headers of requests to the node: its key, if it has one. */
  #headers: Record<string, string> = {};
  #isFrozen = false;

  /** @param options the database and the arguments */
  constructor(options: MemberOptions) {
    const { index, data, isProxied } = options;
    this.#options = options;
    this.index = index;
    this.database = isProxied ? new TcpProxy(Number(new URL(data).port)) : null;
    this.peers = isProxied ? new TcpProxy(this.port) : null;
  }

  /** The address of the node itself, without a trailing slash. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The address that other nodes use. */
  get address(): string {
    return this.peers?.url ?? this.url;
  }

  /** Whether the node runs and is not frozen. */
  get isUp(): boolean {
    return this.#program !== null && !this.#isFrozen;
  }

  get pid(): number {
    return this.#running.process.pid;
  }

  /** What the node has written to standard error since its start. */
  get stderr(): string {
    return this.#program?.process.stderr ?? "";
  }

  /** Starts the node, and waits until it is ready. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const { data, publicUrl, args } = this.#options;
    const { TASKSCOPE_KEY: key } = env;
    this.#headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const url = new URL(data);
    if (this.database !== null) url.port = new URL(this.database.url).port;
    const urls = ["--public-url", publicUrl, "--public-url", this.url];
    this.#program = await startProgram(
      [
        "--no-demo",
        "--port",
        `${this.port}`,
        "--data",
        url.href,
        "--advertise",
        this.address,
        ...urls,
        ...args,
      ],
      { env },
    );
    await this.ready();
  }

  /** Waits until the node says that it is ready. */
  async ready(): Promise<void> {
    let last = "";
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
      const signal = AbortSignal.timeout(2_000);
      const answer = await fetch(`${this.url}/readyz`, { signal, headers: this.#headers }).catch((error) =>
        error
      );
      if (answer.status === 200) return void await answer.body.cancel();
      last = answer instanceof Response ? `${answer.status} ${await answer.text()}` : String(answer);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`Node ${this.index} is not ready: ${last}; it wrote ${this.stderr.slice(-2_000)}`);
  }

  /** Reads the tasks of a client, once the node can respond. */
  async tasksOf(client: string): Promise<Held> {
    let last = "";
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
      const { status, json, text } = await call("GET", `${this.url}/tasks/${client}`, {
        headers: this.#headers,
      });
      if (status === 200) return heldAfter(client, null, json);
      last = `${status} ${text}`;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`Node ${this.index} does not show the tasks of ${client}: ${last}`);
  }

  /** Kills the node with SIGKILL. */
  async kill(): Promise<Ended> {
    return await this.#end("SIGKILL");
  }

  /** Ends the node with SIGTERM. */
  async stop(): Promise<Ended> {
    return await this.#end("SIGTERM");
  }

  /** Stops the process of the node until {@linkcode Member.thaw}, without closing its connections. */
  freeze(): void {
    this.#isFrozen = true;
    this.#running.process.kill("SIGSTOP");
  }

  /** Continues a frozen process. */
  thaw(): void {
    this.#running.process.kill("SIGCONT");
    this.#isFrozen = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isFrozen) this.thaw();
    await this.#program?.[Symbol.asyncDispose]();
    await this.database?.[Symbol.asyncDispose]();
    await this.peers?.[Symbol.asyncDispose]();
  }

  get #running(): Program {
    if (this.#program === null) throw new Error(`Node ${this.index} does not run`);
    return this.#program;
  }

  async #end(signal: Deno.Signal): Promise<Ended> {
    const { process } = this.#running;
    this.#program = null;
    process.kill(signal);
    return await process.ended();
  }
}
