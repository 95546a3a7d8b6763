/**
 * Decides for a node under test where it handles requests.
 *
 * @module
 */

import { DEFAULT_LIMITS, type MonitorLimits } from "../../lib/config/limits.ts";
import type { ClusterGate } from "../../lib/http/cluster/cluster_gate.ts";
import { Forwarder, type ForwarderOptions, type Owner } from "../../lib/http/cluster/forwarder.ts";
import type { Split } from "../../lib/http/cluster/split.ts";
import { HeldServer, type HeldServerParts } from "./held_server.ts";

const SECRET = "the secret that the nodes have in common";

/** Where a node handles its requests: `null` if the node itself owns the tasks. */
type Where = null | "here" | Owner | Split;

/** A {@linkcode ClusterGate} that a test controls. */
export class NodeGate implements ClusterGate {
  isOwner = true;
  version = 0;
  isLeaving = false;
  isReadable = true;
  forwarder!: Forwarder;
  /** Returns where the node handles a request. */
  decide: (isChange: boolean) => Where | Promise<Where> = () => null;
  /** Where functions are started. */
  starter: "here" | Owner = "here";
  /** The requests that the node has placed so far: `true` for a change, `false` for a read. */
  readonly asked: boolean[] = [];

  startsAt(): Promise<"here" | Owner> {
    return Promise.resolve(this.starter);
  }

  canRead(): Promise<boolean> {
    return Promise.resolve(this.isReadable);
  }

  /** Returns whether the node owns the tasks of a client. */
  ownsClient: (client: string) => boolean = () => true;

  owns(client: string | null): boolean {
    return this.isOwner && (client === null || this.ownsClient(client));
  }

  begin(): () => void {
    return () => {};
  }

  accepts(client: string): boolean {
    return this.owns(client);
  }

  get ownsSome(): boolean {
    return this.isOwner;
  }

  ownerIs(_client: string | null, owner: Owner | null): void {
    this.forwarder.ownerIs(owner);
  }

  route(_client: string | null, isChange: boolean): null | Promise<"here" | Owner | Split> {
    this.asked.push(isChange);
    const where = this.decide(isChange);
    return where === null ? null : Promise.resolve(where).then((known) => known ?? "here");
  }
}

/** A node, whose tasks are in memory. */
export class TestNode extends HeldServer {
  readonly gate: NodeGate;

  /**
   * @param limits limits that differ from the defaults
   * @param access the access to the node
   * @param tls the certificate of the node, and how it checks those of others
   */
  constructor(
    limits: Partial<MonitorLimits> = {},
    access: HeldServerParts["access"] = {},
    { tls, ...checks }: Pick<HeldServerParts, "tls"> & Pick<ForwarderOptions, "authority" | "notice"> = {},
  ) {
    const gate = new NodeGate();
    super(limits, { cluster: gate, access, ...(tls && { tls }) });
    this.gate = gate;
    gate.forwarder = forwarderAt(this.url, { ...limits }, access.key, checks);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    this.gate.forwarder[Symbol.dispose]();
  }

  /** Makes this node forward changes and starts to another one; it answers reads by itself. */
  follow(address: string): void {
    this.gate.starter = { address };
    this.gate.decide = (isChange) => isChange ? { address } : "here";
  }
}

/** Creates the forwarder of a node. */
export function forwarderAt(
  address: string,
  limits: Partial<MonitorLimits> = {},
  key: string | null = null,
  checks: Pick<ForwarderOptions, "authority" | "notice"> = {},
): Forwarder {
  return new Forwarder({
    ...checks,
    ...{ node: "test-node", address, key, secret: SECRET },
    limits: { ...DEFAULT_LIMITS, ...limits },
  });
}
