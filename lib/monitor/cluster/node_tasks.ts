/**
 * The tasks that run in a node of a cluster: sends their reports to the owners, and interrupts the tasks of nodes that
 * are gone.
 *
 * @module
 */

import { monotonicMs } from "../../clock.ts";
import { Presence } from "../../cluster/presence.ts";
import type { Forwarder, Owner } from "../../http/cluster/forwarder.ts";
import type { Split } from "../../http/cluster/split.ts";
import { nodeOf, nodeReporterId } from "../../registry/registry_types.ts";
import { REPORT_SOCKET_PATH } from "../../remote/messages.ts";
import type { Transport, TransportEvents } from "../../remote/remote_transport.ts";
import { SocketTransport } from "../../remote/socket_transport.ts";
import { registerMonitor } from "../../reporter/local_monitors.ts";
import { SHUTDOWN_GRACE_MS, SHUTDOWN_MESSAGE } from "../monitor_core.ts";
import type { Engine } from "./engine.ts";
import { NodeSink } from "./node_sink.ts";
import { OwnerLink } from "./owner_link.ts";
import { type OwnTasks, OwnTransport } from "./own_transport.ts";
import { SplitTransport } from "./split_transport.ts";
import { WorkerTasks } from "./worker_tasks.ts";

/** Options of {@linkcode NodeTasks}. */
export interface NodeTasksOptions {
  /** The id of the node. */
  readonly node: string;
  /** The address at which other nodes reach this one. */
  readonly address: string;
  /** The name of the channel, by which monitored functions in this isolate find this node. */
  readonly channel: string;
  readonly basePath: string;
  /** How long a node counts as present after its heartbeat, in milliseconds. */
  readonly leaseMs: number;
  readonly forwarder: Forwarder;
  /** The tasks that the node owns. */
  readonly own: OwnTasks;
  readonly onNotice: (text: string) => void;
  readonly onError: (error: unknown) => void;
}

/** The tasks that run in one node, whichever node owns the tasks. */
export class NodeTasks implements Disposable {
  readonly sink: NodeSink;
  /** The tasks of the other isolates of this process, whose reports go to the same sink. */
  readonly workers: WorkerTasks;
  readonly #options: NodeTasksOptions;
  readonly #reporter: string;
  readonly #link: OwnerLink = new OwnerLink();
  readonly #presence: Presence;
  /** Unregisters this node, so that monitored functions of this isolate no longer find it. */
  readonly #withdraw: () => void;
  /** Whether this node has sent a heartbeat, so that the other nodes know that it is present. */
  #isPresent = false;

  /** @param options the node */
  constructor(options: NodeTasksOptions) {
    const { node, address, channel, leaseMs, onNotice } = options;
    this.#options = options;
    this.#reporter = nodeReporterId(node);
    this.#presence = new Presence(leaseMs);
    this.sink = new NodeSink(this.#reporter, this.#link, address, onNotice);
    this.workers = new WorkerTasks(this.sink);
    this.#withdraw = registerMonitor(channel, this.sink);
  }

  /**
   * Sends reports to the nodes that own the tasks from now on.
   *
   * @param where the owner of all tasks, or several owners with some of the tasks each; `null` if an owner is unknown
   * or about to change
   * @param version identifies these owners; as long as it is the same, connections are kept
   */
  lead(where: "here" | Owner | Split | null, version: number): void {
    // Before the first heartbeat of this node, an owner would take its tasks for those of a node that is gone.
    if (where === null || !this.#isPresent) return this.#link.lead(null);
    this.#link.lead({
      key: String(version),
      open: (events) =>
        where === "here"
          ? this.#open(null, events)
          : "ownerOf" in where
          ? new SplitTransport(where, (owner, each) => this.#open(owner, each), events)
          : this.#open(where, events),
    });
  }

  #open(owner: Owner | null, events: TransportEvents): Transport {
    if (owner === null) return new OwnTransport(this.#reporter, this.#options.own, events);
    const { basePath, forwarder } = this.#options;
    const reporter = { id: this.#reporter, secret: "" };
    const server = new URL(owner.address).origin + basePath;
    const target = `${basePath}/${REPORT_SOCKET_PATH}?reporter=${reporter.id}`;
    const headers = Object.fromEntries(forwarder.own("GET", target, owner).headers);
    const { caCerts } = forwarder;
    return new SocketTransport({ server, reporter, key: null, headers, caCerts }, events);
  }

  /**
   * Interrupts the tasks of nodes that are gone, in the shards that this node owns.
   *
   * @param present the ids of the nodes that are present; `null` if a heartbeat of this node has failed
   * @param engines the shards that are loaded
   */
  heartbeat(present: readonly string[] | null, engines: readonly Engine[]): void {
    this.#isPresent ||= present !== null;
    const owned = engines.filter(({ gate }) => gate.isOwner).map(({ core }) => core.registry);
    const reporters = owned.flatMap((registry) => registry.reporters());
    const running = new Set(reporters.map(nodeOf).filter((node) => node !== null));
    const ended = this.#presence.ended(present, running, monotonicMs());
    try {
      for (const node of ended) {
        const isGone = (reporter: string | null) => reporter === nodeReporterId(node);
        for (const registry of owned) registry.interruptAll(`Node ${node} ended while the task ran`, isGone);
      }
    } catch (error) {
      // The next heartbeat tries to interrupt these tasks again.
      this.#options.onError(error);
    }
  }

  /** Ends the tasks after at most `graceMs` milliseconds, because the node is shutting down. */
  async settle(graceMs: number = SHUTDOWN_GRACE_MS): Promise<void> {
    this.#withdraw();
    await this.sink.settle(SHUTDOWN_MESSAGE, graceMs);
  }

  [Symbol.dispose](): void {
    this.#withdraw();
    this.workers[Symbol.dispose]();
    this.sink[Symbol.dispose]();
  }
}
