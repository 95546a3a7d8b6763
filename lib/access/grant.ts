/**
 * The permissions of keys and tokens, and what requests need. Pure.
 *
 * @module
 */

/** What a request does, passed to `authorize`. */
export interface Access {
  /**
   * The kind of request. `read`, `start`, `cancel` and `remove` tasks; `report`: send reports from another
   * process; `operate`: manage the server, or read about it as a whole.
   */
  readonly action: "read" | "start" | "cancel" | "remove" | "report" | "operate";
  /** The client token; `null` if the request is not about a client's tasks. */
  readonly client: string | null;
  /** The task's id; `null` for all tasks of the client, or a task to be created. */
  readonly taskId: string | null;
}

/** What a request needs: permission for an access; any valid key or token; or nothing. */
export type Need = Access | "any" | "none";

/** What a scoped token allows: reading, or reporting. */
export type Scope = "read" | "write";

/** The permissions of the key: everything. */
export interface FullGrant {
  readonly kind: "full";
  /** When the grant expires, in epoch seconds; `null` if only changing the server's key revokes it. */
  readonly expiresAt: number | null;
}

/** The permissions of a scoped token. */
export interface ScopedGrant {
  readonly kind: "scoped";
  readonly may: Scope;
  /** The client token whose tasks are covered. */
  readonly client: string;
  /** The id of the only task that is covered; `null` for all tasks of the client. */
  readonly taskId: string | null;
  /** When the grant expires, in epoch seconds; `null` if only changing the server's key revokes it. */
  readonly expiresAt: number | null;
}

/** The permissions of a request. */
export type Grant = FullGrant | ScopedGrant;

/** The grant of the key's holder; of everybody if the server has no key. */
export const FULL_GRANT: FullGrant = { kind: "full", expiresAt: null };

/** The action that each scope allows. `write` does not include reading, not even what was reported. */
const COVERED: Readonly<Record<Scope, Access["action"]>> = { read: "read", write: "report" };

/**
 * Whether a grant covers what a request needs.
 *
 * @param grant the permissions of the request
 * @param need what the request needs
 */
export function permits(grant: Grant, need: Need): boolean {
  if (grant.kind === "full" || need === "none" || need === "any") return true;
  return need.action === COVERED[grant.may] && need.client === grant.client &&
    (grant.taskId === null || grant.taskId === need.taskId);
}

/** Whether a grant has expired. */
export function hasExpired(grant: Grant, now: number): boolean {
  return grant.expiresAt !== null && grant.expiresAt <= now;
}
