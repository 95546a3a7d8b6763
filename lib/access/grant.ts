/**
 * Who may do what. Pure.
 *
 * @module
 */

/** What somebody wants to do. */
export interface Access {
  /** Look, start, stop, remove, report from outside; or see to the server as a whole. */
  readonly action: "read" | "start" | "cancel" | "remove" | "report" | "operate";
  /** Whose tasks; `null` for what belongs to nobody. */
  readonly client: string | null;
  /** Which task; `null` for all of the client's, and for one that is to be created. */
  readonly taskId: string | null;
}

/** What a request needs: something in particular; any key or token that is good, whatever for; or nothing at all. */
export type Need = Access | "any" | "none";

/** What a scoped token is for: to look, or to report. */
export type Scope = "read" | "write";

/** What the key lets its holder do: everything. */
export interface FullGrant {
  readonly kind: "full";
  /** When it ends, in epoch seconds; `null` where only another key ends it. */
  readonly expiresAt: number | null;
}

/** What a scoped token lets its holder do. */
export interface ScopedGrant {
  readonly kind: "scoped";
  readonly may: Scope;
  /** Whose tasks. */
  readonly client: string;
  /** Which one; `null` for all of the client's. */
  readonly taskId: string | null;
  /** When it ends, in epoch seconds; `null` where only another key ends it. */
  readonly expiresAt: number | null;
}

/** What somebody may do. */
export type Grant = FullGrant | ScopedGrant;

/** The grant of whoever holds the key, and of everybody where there is none. */
export const FULL_GRANT: FullGrant = { kind: "full", expiresAt: null };

/** What each scope covers. Who only reports reads nothing, not even what was reported. */
const COVERED: Readonly<Record<Scope, Access["action"]>> = { read: "read", write: "report" };

/**
 * Whether a grant is enough.
 *
 * @param grant what somebody may do
 * @param need what a request needs
 */
export function permits(grant: Grant, need: Need): boolean {
  if (grant.kind === "full" || need === "none" || need === "any") return true;
  return need.action === COVERED[grant.may] && need.client === grant.client &&
    (grant.taskId === null || grant.taskId === need.taskId);
}

/** Whether a grant has ended. */
export function hasExpired(grant: Grant, now: number): boolean {
  return grant.expiresAt !== null && grant.expiresAt <= now;
}
