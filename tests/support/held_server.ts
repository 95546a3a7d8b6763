/**
 * Serves a monitor's handler over a store whose commits a test controls.
 *
 * @module
 */

import { Keyring } from "../../lib/access/keyring.ts";
import { type AccessOptions, resolveAccess } from "../../lib/config/access_options.ts";
import { DEFAULT_LIMITS, type MonitorLimits } from "../../lib/config/limits.ts";
import { Gate } from "../../lib/http/gate.ts";
import { bodyLimits } from "../../lib/http/raw_body.ts";
import { ByteBudget } from "../../lib/http/byte_budget.ts";
import type { ClusterGate } from "../../lib/http/cluster/cluster_gate.ts";
import { Handler } from "../../lib/http/handler.ts";
import { Slots } from "../../lib/http/slots.ts";
import { Hub } from "../../lib/hub/hub.ts";
import { LocalSink } from "../../lib/registry/local_sink.ts";
import { type Startable, startableOf, wrap } from "../../lib/reporter/wrap.ts";
import type { AnyTaskFunction } from "../../lib/mod.ts";
import { RELEASES } from "../../lib/reporters/releases.ts";
import { pageRenderer } from "../../ui/server/pages.ts";
import { HeldTask } from "./calls.ts";
import { HeldStore } from "./held_store.ts";
import { TestRegistry } from "./registry.ts";

/** Parts of a {@linkcode HeldServer} that differ from those of a server without a key on one machine. */
export interface HeldServerParts {
  readonly cluster?: ClusterGate;
  readonly access?: AccessOptions;
  /** The certificate and its private key, as PEM, to serve HTTPS with. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** A server built from the same parts as `createMonitor()`, but over a {@linkcode HeldStore}. */
export class HeldServer implements AsyncDisposable {
  readonly store: HeldStore;
  readonly test: TestRegistry;
  readonly hub: Hub;
  /** The task registered as `held`. */
  readonly held: HeldTask = new HeldTask();
  /** Unexpected errors that the handler reported. */
  readonly errors: unknown[] = [];
  readonly url: string;
  readonly #handler: Handler;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /**
   * @param limits limits that differ from the defaults
   * @param parts parts that differ from the defaults
   */
  constructor(limits: Partial<MonitorLimits> = {}, parts: HeldServerParts = {}) {
    const { cluster, access: accessOptions, tls } = parts;
    const access = resolveAccess(accessOptions);
    const keyring = access.key === null ? null : new Keyring(access.key);
    const all = { ...DEFAULT_LIMITS, ...limits };
    this.store = new HeldStore(all);
    this.test = new TestRegistry(all, "first", this.store);
    const { registry } = this.test;
    const sink = new LocalSink(registry);
    this.hub = new Hub(registry, all);
    const tasks: Record<string, AnyTaskFunction> = {
      echo: (_task: unknown, ...args: unknown[]) => args,
      held: this.held.fn,
    };
    const startables = Object.entries(tasks).map(([name, fn]): [string, Startable] => {
      return [name, startableOf(wrap(fn, { name }, () => sink))!];
    });
    this.#handler = new Handler({
      registry,
      hub: this.hub,
      sink,
      startables: new Map(startables),
      started: new Slots(all.startedTasks, "running tasks"),
      limits: all,
      bodies: bodyLimits(all),
      unsent: new ByteBudget(all.unsentBytes),
      shares: null,
      access,
      pages: pageRenderer("test"),
      releases: RELEASES,
      keyring,
      cluster: cluster ?? null,
      operations: {
        deliveries: () => ({ waiting: 0, delivered: 0, refused: 0, dropped: 0, expired: 0 }),
        storageBytes: () => null,
        portReopenings: () => null,
        nodes: () => Promise.resolve([]),
        node: () => null,
      },
      gate: new Gate({
        ...{ keyring, authorize: null, limits: all, proxies: access.trustedProxies, notice: () => {} },
        basePath: access.basePath,
        findRun: () => undefined,
      }),
      reportError: (error) => this.errors.push(error),
    });
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {}, ...tls };
    this.#server = Deno.serve(
      options,
      (request, info) => this.#handler.handle(request, info.remoteAddr.hostname, info),
    );
    this.url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Begins the shutdown: further requests are refused. */
  beginClosing(): void {
    this.#handler.beginClosing();
  }

  /** Calls the handler directly, for responses that a client cannot observe. */
  handle(request: Request): Response | Promise<Response> {
    return this.#handler.handle(request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.held.release();
    await this.store.release();
    this.#handler.close();
    this.hub[Symbol.dispose]();
    this.test[Symbol.dispose]();
    // Without this, a socket whose peer has not confirmed the close yet would outlive the test.
    await this.#handler.whenClosed();
    await this.#server.shutdown();
  }
}
