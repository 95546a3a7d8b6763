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
   * @param client the client token of the tasks that the request is about; `null` for the tasks of all
   * clients
   * @param isChange whether the request changes tasks
   * @returns `null`, synchronously, if this node owns the tasks; otherwise a promise of `"here"` if this node
   * can handle the request, of the owner to forward the request to, or of all owners if the request changes
   * tasks of all clients
   * @throws {Problem} (rejects) 503 if no node has owned the tasks for `ownerWaitMs`, or this node can't
   * reach the database
   */
  route(client: string | null, isChange: boolean): null | Promise<"here" | Owner | Split>;
  /**
   * Finds a node that can start a function; this node if it has the function.
   *
   * @param name the name that the function is registered under
   * @returns `"here"` if this node has the function, or the node to forward the request to; `null` if no
   * running node has the function
   * @throws {Problem} 503 if this node can't reach the database, or if this node is about to end and no other
   * node has the function
   */
  startsAt(name: string): Promise<"here" | Owner | null>;
  /**
   * Returns whether this node owns tasks. The owner may answer and refuse requests from its memory.
   *
   * @param client the client token of the tasks; `null` for the tasks of all clients
   */
  owns(client: string | null): boolean;
  /**
   * Notes that this node begins to make a change as the owner. The tasks are not handed over to another node
   * before the change is complete.
   *
   * @param client the client token of the tasks; `null` for the tasks of all clients
   * @returns a function to call when the change is made or refused
   */
  begin(client: string | null): () => void;
  /** Returns whether this node owns a client's tasks and accepts changes to them. */
  accepts(client: string): boolean;
  /** A number that increases whenever the owner of any tasks changes or becomes unknown. */
  readonly version: number;
  /** Whether this node owns any tasks. */
  readonly ownsSome: boolean;
  /**
   * Notes which node owned tasks when a request was handled.
   *
   * @param client the client token of the tasks; `null` for the tasks of all clients
   * @param owner the node; `null` for this one
   */
  ownerIs(client: string | null, owner: Owner | null): void;
  /** Whether this node is about to end, so that other nodes should get new requests. */
  readonly isLeaving: boolean;
  /** Returns whether this node can respond to requests that only read. */
  canRead(): Promise<boolean>;
  /** Forwards requests to the owner, and recognises requests that other nodes forwarded. */
  readonly forwarder: Forwarder;
}
