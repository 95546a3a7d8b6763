/**
 * The messages between a monitor and its replicas in other isolates. Messages are validated on arrival,
 * because any code in the process can post on a channel.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { parseJson, parseKey } from "../task/protocol.ts";
import { object } from "../task/field_checks.ts";
import { type Cursor, formatCursor, parseCursor } from "../task/cursor.ts";
import type { Task } from "../task/task.ts";

/** A task in its state at a certain sequence number. */
export interface ReplicatedTask {
  readonly client: string;
  readonly seq: number;
  readonly task: Task;
}

/** A removed task. */
export interface ReplicatedRemoval {
  readonly client: string;
  readonly seq: number;
  readonly id: string;
}

/** A page of the changes between two positions. */
export interface ReplicationPage {
  /**
   * The sequence number up to which a replica must be complete to apply the page; `null` if the page is for a
   * new, empty replica.
   */
  readonly from: number | null;
  /** The position of a replica that has applied this page and all pages before it. */
  readonly cursor: Cursor;
  readonly tasks: readonly ReplicatedTask[];
  readonly removed: readonly ReplicatedRemoval[];
  /** Whether more pages follow before the replica is up to date. */
  readonly hasMore: boolean;
}

/**
 * A member's request. `changes` asks for the changes after a position, and `more` for the next page of these
 * changes. `committed` is answered once everything that the member reported is committed.
 */
export type MemberRequest =
  | { readonly type: "changes"; readonly after: Cursor | null }
  | { readonly type: "more" }
  | { readonly type: "committed" };

/** A changed or removed task to write into a page; a changed task is given as JSON text. */
export type PageEntry =
  | { readonly client: string; readonly seq: number; readonly json: string }
  | { readonly client: string; readonly seq: number; readonly id: string };

/** Serialises a page. */
export function writePage(
  from: number | null,
  cursor: Cursor,
  entries: readonly PageEntry[],
  hasMore: boolean,
): string {
  const tasks: string[] = [];
  const removed: ReplicatedRemoval[] = [];
  for (const entry of entries) {
    // A client token needs no escaping in JSON.
    if ("json" in entry) tasks.push(`{"client":"${entry.client}","seq":${entry.seq},"task":${entry.json}}`);
    else removed.push(entry);
  }
  return `{"from":${from},"cursor":"${formatCursor(cursor)}","tasks":[${tasks.join()}],` +
    `"removed":${JSON.stringify(removed)},"hasMore":${hasMore}}`;
}

/**
 * Parses a page.
 *
 * @throws {ProtocolError} if the text is not a page
 */
export function parsePage(text: string): ReplicationPage {
  const { from, cursor, tasks, removed, hasMore } = object(parseJson(text), "page");
  if (!Array.isArray(tasks) || !Array.isArray(removed)) {
    throw new ProtocolError('Cannot read page: "tasks" and "removed" must be arrays');
  }
  return {
    from: from === null ? null : numberFrom(from),
    cursor: parseCursor(String(cursor)),
    tasks: tasks.map(parseTask),
    removed: removed.map(parseRemoval),
    hasMore: hasMore === true,
  };
}

/**
 * Parses a member's request.
 *
 * @throws {ProtocolError} if the text is not a request
 */
export function parseRequest(text: string): MemberRequest {
  const { type, after } = object(parseJson(text), "request");
  if (type === "more" || type === "committed") return { type };
  if (type === "changes") return { type, after: after === null ? null : parseCursor(String(after)) };
  throw new ProtocolError(`Cannot read request: wanted a known type, received ${String(type)}`);
}

function parseTask(value: unknown): ReplicatedTask {
  const { client, seq, task } = object(value, "task");
  const { id } = object(task, "task");
  // The record is not validated further, because the monitor sent it, and a replica relies only on the
  // record's id and version.
  return { client: parseKey(client, id).client, seq: numberFrom(seq), task: task as Task };
}

function parseRemoval(value: unknown): ReplicatedRemoval {
  const { client, seq, id } = object(value, "removal");
  return { ...parseKey(client, id), seq: numberFrom(seq) };
}

function numberFrom(value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new ProtocolError("Cannot read message: wanted a sequence number");
}
