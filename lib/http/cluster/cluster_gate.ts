/**
 * Decides on which node of a cluster a request is handled.
 *
 * @module
 */

import type { Forwarder, Owner } from "./forwarder.ts";
import type { Split } from "./split.ts";

/** Decides on which node of a cluster a request is handled. */
export interface ClusterGate {
  /**
   * Decides where a request is handled.
   *
   * @param client the client token of the tasks that it is about; `null` if it is about those of all clients
   * @param isChange whether the request changes tasks
   * @returns `null` if this node owns the tasks, which is decided synchronously; otherwise a promise: of `"here"` if
   * this node can handle the request, of the owner to forward it to, or of the owners if a change is of all clients
   * @throws {Problem} (rejects) 503 if no node owns the tasks for `ownerWaitMs`, or this node can't reach the database
   */
  route(client: string | null, isChange: boolean): null | Promise<"here" | Owner | Split>;
  /**
   * Finds a node that can start a function; this one, if it can.
   *
   * @param name the name that the function is registered under
   * @returns `"here"`, or the node to forward the request to; `null` if no node that is present has the function
   * @throws {Problem} 503 if this node can't reach the database, or is about to end and no other one has the function
   */
  startsAt(name: string): Promise<"here" | Owner | null>;
  /**
   * Returns whether this node owns tasks, so that it may answer, and refuse, by what it has in memory.
   *
   * @param client the client token of the tasks; `null` for those of all clients
   */
  owns(client: string | null): boolean;
  /**
   * Notes that this node begins to make a change as the owner, which it completes before it hands the tasks over.
   *
   * @param client the client token of the tasks; `null` for those of all clients
   * @returns a function to call when the change is made or refused
   */
  begin(client: string | null): () => void;
  /** Returns whether this node takes changes of the tasks of a client, which it owns. */
  accepts(client: string): boolean;
  /** Whether this node owns any tasks. */
  readonly ownsSome: boolean;
  /**
   * Notes which node owned tasks when a request was handled.
   *
   * @param client the client token of the tasks; `null` for those of all clients
   * @param owner the node; `null` for this one
   */
  ownerIs(client: string | null, owner: Owner | null): void;
  /** Whether this node is about to end, so that other nodes should get new requests. */
  readonly isLeaving: boolean;
  /** Returns whether this node can answer reads now. */
  canRead(): Promise<boolean>;
  /** Forwards requests to the owner, and recognises those that other nodes forwarded. */
  readonly forwarder: Forwarder;
}
