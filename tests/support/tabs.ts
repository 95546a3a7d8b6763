/**
 * Opens many tabs of one browser on a server behind a proxy that refuses WebSockets.
 *
 * @module
 */

import type { BrowserContext, Page } from "playwright-core";
import { startServer, type TestServer } from "./server.ts";
import { TcpProxy } from "./tcp_proxy.ts";
import type { MonitoredTask, MonitorOptions } from "../../lib/mod.ts";

/** A server behind a proxy that refuses WebSockets, and running tasks that the test updates. */
export class Scene implements AsyncDisposable {
  readonly server: TestServer;
  readonly proxy: TcpProxy;
  readonly #tasks: Map<string, MonitoredTask> = new Map();
  readonly #ended = Promise.withResolvers<void>();
  readonly #runs: Promise<unknown>[] = [];

  /** @param options the options of the server's monitor */
  constructor(options: MonitorOptions = {}) {
    this.server = startServer(options);
    this.proxy = new TcpProxy(this.server.port);
    this.proxy.blocksUpgrades = true;
  }

  /** Starts a task, which runs until the scene is disposed of. */
  async start(client: string, id: string): Promise<void> {
    const started = Promise.withResolvers<void>();
    const run = this.server.monitor.monitored(async (task) => {
      this.#tasks.set(`${client}/${id}`, task);
      started.resolve();
      await this.#ended.promise;
    }, { client, id, name: id });
    this.#runs.push(run());
    await started.promise;
  }

  /** Changes the status of every task. */
  async say(status: string): Promise<void> {
    for (const task of this.#tasks.values()) await task.update({ status });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.resolve();
    await Promise.all(this.#runs);
    await this.proxy[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

/** The tabs of one browser, and which of them have requested an event stream. */
export class Tabs {
  readonly pages: Page[] = [];
  readonly #context: BrowserContext;
  readonly #leaders: Page[] = [];

  /** @param context the context in which to open the tabs */
  constructor(context: BrowserContext) {
    this.#context = context;
  }

  /** The tab that has requested the newest event stream. */
  get leader(): Page {
    return this.#leaders.at(-1)!;
  }

  /** Opens the pages with these addresses at the same time, each in a tab of its own. */
  async open(addresses: readonly string[]): Promise<void> {
    const pages = await Promise.all(addresses.map(() => this.#context.newPage()));
    for (const page of pages) {
      page.on("request", (request) => {
        if (new URL(request.url()).pathname.startsWith("/events/")) this.#leaders.push(page);
      });
    }
    this.pages.push(...pages);
    await Promise.all(pages.map((page, index) => page.goto(addresses[index]!)));
  }

  /** Resolves when every tab shows that it is live over the event stream. */
  async live(): Promise<void> {
    await Promise.all(
      this.pages.map((page) =>
        page.getByTestId("connection").getByText("Live via event stream", { exact: true }).waitFor()
      ),
    );
  }

  /** Resolves when every tab shows a text. */
  async see(text: string): Promise<void> {
    await Promise.all(this.pages.map((page) => page.getByText(text, { exact: true }).first().waitFor()));
  }

  /** Closes the leader's tab. */
  async closeLeader(): Promise<void> {
    const { leader } = this;
    this.pages.splice(this.pages.indexOf(leader), 1);
    await leader.close();
  }
}

/** Pauses a page in the debugger, which stops it without any event; returns a function that resumes it. */
export async function pause(page: Page): Promise<() => Promise<void>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Debugger.enable");
  const paused = new Promise<void>((resolve) => session.once("Debugger.paused", () => resolve()));
  await session.send("Debugger.pause");
  const evaluated = page.evaluate(() => 1);
  await paused;
  return async () => {
    await session.send("Debugger.resume");
    await evaluated;
    await session.detach();
  };
}
