/**
 * The tasks that run in a node of a cluster: reports them to the owner, and interrupts those of nodes that have ended.
 *
 * @module
 */

import { monotonicMs } from "../../clock.ts";
import { Presence } from "../../cluster/presence.ts";
import type { Forwarder } from "../../http/cluster/forwarder.ts";
import { nodeOf, nodeReporterId } from "../../registry/registry_types.ts";
import { REPORT_SOCKET_PATH } from "../../remote/messages.ts";
import { SocketTransport } from "../../remote/socket_transport.ts";
import { registerMonitor } from "../../reporter/local_monitors.ts";
import { SHUTDOWN_GRACE_MS, SHUTDOWN_MESSAGE } from "../build_monitor.ts";
import type { Engine } from "./engine.ts";
import { NodeSink } from "./node_sink.ts";
import { OwnerLink } from "./owner_link.ts";
import { OwnTransport } from "./own_transport.ts";
import type { Owner } from "./task_gate.ts";
import { WorkerTasks } from "./worker_tasks.ts";

/** Options of {@linkcode NodeTasks}. */
export interface NodeTasksOptions {
  /** The id of the node. */
  readonly node: string;
  /** Its address for other nodes. */
  readonly address: string;
  /** The channel by whose name monitored functions choose the node. */
  readonly channel: string;
  readonly basePath: string;
  /** How long a node is present after a heartbeat, in milliseconds. */
  readonly leaseMs: number;
  readonly forwarder: Forwarder;
  readonly onNotice: (text: string) => void;
  readonly onError: (error: unknown) => void;
}

/** The tasks that run in one node, whichever node owns the tasks. */
export class NodeTasks implements Disposable {
  readonly sink: NodeSink;
  /** The tasks of the other isolates of this process, which report to the same sink. */
  readonly workers: WorkerTasks;
  readonly #options: NodeTasksOptions;
  readonly #reporter: string;
  readonly #link: OwnerLink = new OwnerLink();
  readonly #presence: Presence;
  /** Unregisters this node for the monitored functions of this isolate. */
  readonly #withdraw: () => void;
  /** Whether the other nodes know that this one is present. */
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

  /** Reports to another node, or to none for now. */
  follow(owner: Owner | null): void {
    const { node, basePath, forwarder } = this.#options;
    const address = owner?.address ?? null;
    // Before its first heartbeat, the tasks of this node would count as those of a node that has ended.
    if (owner === null || address === null || owner.id === node || !this.#isPresent) {
      return this.#link.lead(null);
    }
    const reporter = { id: this.#reporter, secret: "" };
    const server = new URL(address).origin + basePath;
    const target = `${basePath}/${REPORT_SOCKET_PATH}?reporter=${reporter.id}`;
    this.#link.lead({
      key: `${owner.id} ${address}`,
      open: (events) => {
        const headers = Object.fromEntries(forwarder.own("GET", target, { address }).headers);
        return new SocketTransport({ server, reporter, key: null, headers }, events);
      },
    });
  }

  /** Reports to this node itself, which owns the tasks. */
  own({ monitor: { registry }, gate }: Engine, term: number): void {
    const tasks = { registry, isServing: () => gate.isOwner };
    this.#link.lead({
      key: `${this.#options.node} ${term}`,
      open: (events) => new OwnTransport(this.#reporter, tasks, events),
    });
  }

  /**
   * Interrupts the tasks of nodes that have ended, if this node owns the tasks.
   *
   * @param present the ids of the nodes that are present; `null` if a heartbeat of this node has failed
   * @param engine the tasks as this node has loaded them; `null` if it has not
   */
  heartbeat(present: readonly string[] | null, engine: Engine | null): void {
    this.#isPresent ||= present !== null;
    const registry = engine?.gate.isOwner ? engine.monitor.registry : null;
    const reporters = registry?.reporters() ?? [];
    const running = new Set(reporters.map(nodeOf).filter((node) => node !== null));
    const ended = this.#presence.ended(present, running, monotonicMs());
    if (registry === null) return;
    try {
      for (const node of ended) {
        const isGone = (reporter: string | null) => reporter === nodeReporterId(node);
        registry.interruptAll(`Node ${node} ended while the task ran`, isGone);
      }
    } catch (error) {
      // The next heartbeat tries again.
      this.#options.onError(error);
    }
  }

  /** Ends the tasks, after at most `graceMs`, because the node is about to end. */
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
