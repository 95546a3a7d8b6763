/**
 * What the authority and its copies in other isolates say to each other. The shapes are checked on arrival, because any
 * code of the process may post on a channel.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { object, parseJson, parseKey } from "../task/protocol.ts";
import { type Cursor, formatCursor, parseCursor } from "../task/cursor.ts";
import type { Task } from "../task/task.ts";

/** A task as it was at a position. */
export interface ReplicatedTask {
  readonly client: string;
  readonly seq: number;
  readonly task: Task;
}

/** A task that is gone. */
export interface ReplicatedRemoval {
  readonly client: string;
  readonly seq: number;
  readonly id: string;
}

/** A part of the changes from one position to another. */
export interface ReplicationPage {
  /** Only who knows everything up to this number may take the page; `null` where it begins from nothing. */
  readonly from: number | null;
  /** Who took the page, and those before it, knows everything up to this position. */
  readonly cursor: Cursor;
  readonly tasks: readonly ReplicatedTask[];
  readonly removed: readonly ReplicatedRemoval[];
  /** More pages follow before the position is reached. */
  readonly hasMore: boolean;
}

/**
 * What a member asks for: a copy the changes after a position, or the next page of them; a reporter an answer once
 * everything it reported is committed.
 */
export type MemberRequest =
  | { readonly type: "changes"; readonly after: Cursor | null }
  | { readonly type: "more" }
  | { readonly type: "committed" };

/** A changed task or a removal, on its way into a page; tasks come with their JSON made already. */
export type PageEntry =
  | { readonly client: string; readonly seq: number; readonly json: string }
  | { readonly client: string; readonly seq: number; readonly id: string };

/** Writes a page. */
export function writePage(
  from: number | null,
  cursor: Cursor,
  entries: readonly PageEntry[],
  hasMore: boolean,
): string {
  const tasks: string[] = [];
  const removed: ReplicatedRemoval[] = [];
  for (const entry of entries) {
    // A client token needs no escapes in JSON.
    if ("json" in entry) tasks.push(`{"client":"${entry.client}","seq":${entry.seq},"task":${entry.json}}`);
    else removed.push(entry);
  }
  return `{"from":${from},"cursor":"${formatCursor(cursor)}","tasks":[${tasks.join()}],` +
    `"removed":${JSON.stringify(removed)},"hasMore":${hasMore}}`;
}

/**
 * Reads a page.
 *
 * @throws {ProtocolError} where it is none
 */
export function parsePage(text: string): ReplicationPage {
  const { from, cursor, tasks, removed, hasMore } = object(parseJson(text), "page");
  if (!Array.isArray(tasks) || !Array.isArray(removed)) throw new ProtocolError("Cannot read page: no lists");
  return {
    from: from === null ? null : numberFrom(from),
    cursor: parseCursor(String(cursor)),
    tasks: tasks.map(parseTask),
    removed: removed.map(parseRemoval),
    hasMore: hasMore === true,
  };
}

/**
 * Reads what a member asks for.
 *
 * @throws {ProtocolError} where it is no request
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
  // The authority wrote the record; its id and version are what a copy relies on.
  return { client: parseKey(client, id).client, seq: numberFrom(seq), task: task as Task };
}

function parseRemoval(value: unknown): ReplicatedRemoval {
  const { client, seq, id } = object(value, "removal");
  return { ...parseKey(client, id), seq: numberFrom(seq) };
}

function numberFrom(value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new ProtocolError("Cannot read message: wanted a number of the order of changes");
}
