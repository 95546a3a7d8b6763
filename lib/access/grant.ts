/**
 * The permissions that keys and tokens grant, and the permissions that requests need.
 *
 * @module
 */

/** The access that a request asks for, passed to `authorize`. */
export interface Access {
  /**
   * The kind of request. `read`, `start`, `cancel` and `remove` tasks; `report`: send reports from another
   * process; `operate`: manage the server, or read about it as a whole.
   */
  readonly action: "read" | "start" | "cancel" | "remove" | "report" | "operate";
  /** The client token whose tasks the request is about; `null` if it is not about a client's tasks. */
  readonly client: string | null;
  /**
   * The id of the task that the request is about; `null` for all tasks of the client, or a task to be
   * created.
   */
  readonly taskId: string | null;
}

/**
 * The authorisation that a request needs: permission for an access; permission to report at least one task
 * (the handler then checks each reported task); any valid key or token; or nothing.
 */
export type Need = Access | "some_report" | "any" | "none";

/** The scope of a token: `read` allows reading tasks, `write` allows reporting them. */
export type Scope = "read" | "write";

/** The permissions of the key: every access. */
export interface FullGrant {
  readonly kind: "full";
  /** When the grant expires, in epoch seconds; `null` if only changing the server's key revokes it. */
  readonly expiresAt: number | null;
}

/** The run that a token was signed for. */
export interface RunBinding {
  /** The id of the run's task. */
  readonly taskId: string;
  /** The id of the reporter of that task. */
  readonly reporter: string;
  /** When the token was signed, in epoch seconds. */
  readonly signedAt: number;
}

/** The permissions of a scoped token. */
export interface ScopedGrant {
  readonly kind: "scoped";
  readonly may: Scope;
  /** The client token whose tasks the grant covers. */
  readonly client: string;
  /** The id of the only task that the grant covers; `null` for all tasks of the client. */
  readonly taskId: string | null;
  /** When the grant expires, in epoch seconds; `null` if only changing the server's key revokes it. */
  readonly expiresAt: number | null;
  /** The run that the grant is bound to: the grant expires an hour after its end. Absent if there is none. */
  readonly run?: RunBinding;
}

/** The permissions of a request. */
export type Grant = FullGrant | ScopedGrant;

/** The grant of the key's holder, or of everybody if the server has no key. */
export const FULL_GRANT: FullGrant = { kind: "full", expiresAt: null };

/** The action that each scope allows. A `write` token cannot read, not even the tasks that it reported. */
const COVERED: Readonly<Record<Scope, Access["action"]>> = { read: "read", write: "report" };

/**
 * Returns whether a grant permits a request.
 *
 * @param grant the permissions of the request
 * @param need the authorisation that the request needs
 */
export function permits(grant: Grant, need: Need): boolean {
  if (grant.kind === "full" || need === "none" || need === "any") return true;
  if (need === "some_report") return COVERED[grant.may] === "report";
  return need.action === COVERED[grant.may] && need.client === grant.client &&
    (grant.taskId === null || grant.taskId === need.taskId);
}

/** Returns a text that identifies the tasks that a grant covers: `""` for the tasks of all clients. */
export function scopeOf(grant: Grant): string {
  return grant.kind === "full" ? "" : `${grant.client}/${grant.taskId ?? ""}`;
}

/**
 * Returns whose share of a limit a request with a grant uses: all holders of tokens for the same client have
 * one share. Returns `null` for the holder of the key, who may use up every limit.
 */
export function shareOf(grant: Grant): string | null {
  return grant.kind === "full" ? null : grant.client;
}

/** Returns whether a grant has expired. */
export function hasExpired(grant: Grant, now: number): boolean {
  return grant.expiresAt !== null && grant.expiresAt <= now;
}
