/**
 * Serves a registry over a channel to the other isolates of the process: receives reports, forwards
 * cancellation requests and feeds replicas.
 *
 * @module
 */

import { AuthorityChannel } from "../channel/authority.ts";
import { parseJson, parseReport } from "../task/protocol.ts";
import type { Cursor } from "../task/cursor.ts";
import type { RegistryEvent } from "./registry_types.ts";
import { type PageEntry, parseRequest, writePage } from "../channel/replication.ts";
import type { MemberReports } from "./member_reports.ts";
import type { TaskRegistry } from "./task_registry.ts";
import type { ChangesSince } from "../store/store.ts";

/** Options of a {@linkcode ChannelServer}. */
export interface ChannelServerOptions {
  /** The registry that replicas follow. */
  readonly registry: TaskRegistry;
  /** Takes the reports of members. */
  readonly reports: MemberReports;
  /** The name of the channel. */
  readonly channel: string;
  /** The minimum time between two publications to replicas, in milliseconds. */
  readonly publishIntervalMs: number;
  /**
   * Called with errors that no caller receives, because another monitor uses the channel or a message is
   * invalid.
   */
  readonly reportError: (error: unknown) => void;
}

/**
 * The approximate size of a page of changes, in characters; a larger page would block its receiver for more
 * than 15 ms.
 */
const PAGE_CHARACTERS = 256 * 1024;

/** The approximate size of an entry without its texts, in characters. */
const ENTRY_CHARACTERS = 50;

/** The maximum number of entries whose records are read together. */
const PART_ENTRIES = 100;

/** A change to send to a replica; the record is looked up when its page is written. */
interface TransferEntry {
  readonly client: string;
  readonly seq: number;
  readonly id: string;
  readonly isRemoved: boolean;
}

/** The state of a transfer of changes to a replica, page by page. */
interface Transfer {
  readonly entries: readonly TransferEntry[];
  readonly cursor: Cursor;
  readonly from: number | null;
  sent: number;
}

/** Serves a registry over the authority's end of a channel. */
export class ChannelServer implements Disposable {
  readonly #registry: TaskRegistry;
  readonly #options: ChannelServerOptions;
  readonly #channel: AuthorityChannel;
  /** The members that have a replica, each with the transfer in progress, or `null` if there is none. */
  readonly #replicas: Map<string, Transfer | null> = new Map();
  /** The changes since the last publication, in order. */
  readonly #changed: Map<string, RegistryEvent> = new Map();
  readonly #unsubscribe: readonly (() => void)[];
  #publishedSeq: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param options the registry and the name of the channel
   * @throws {ChannelConflictError} if this isolate already has an authority on that channel
   */
  constructor(options: ChannelServerOptions) {
    this.#registry = options.registry;
    this.#options = options;
    const { reports } = options;
    this.#publishedSeq = options.registry.cursor.seq;
    this.#channel = new AuthorityChannel({
      name: options.channel,
      epoch: options.registry.cursor.epoch,
      onMessage: (memberId, message) => reports.take(memberId, parseReport(parseJson(message))),
      onRequest: (memberId, payload) => this.#answer(memberId, payload),
      onMember: (memberId) => reports.back(memberId),
      onMemberGone: (memberId) => this.#gone(memberId),
      onConflict: options.reportError,
      onError: options.reportError,
    });
    reports.tell = (memberId, command) => this.#channel.send(memberId, JSON.stringify(command));
    this.#unsubscribe = [
      options.registry.subscribe((event) => this.#onEvent(event)),
      options.registry.onReplaced(() => this.#onReplaced()),
    ];
  }

  [Symbol.dispose](): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    clearTimeout(this.#timer);
    this.#channel.close();
  }

  #gone(memberId: string): void {
    this.#replicas.delete(memberId);
    this.#options.reports.gone(memberId);
  }

  #answer(memberId: string, payload: string): string | Promise<string> {
    const request = parseRequest(payload);
    if (request.type === "committed") return this.#options.reports.committed().then(() => "{}");
    const transfer = request.type === "changes"
      ? this.#begin(request.after)
      : this.#replicas.get(memberId) ?? this.#begin(null);
    const { from, cursor, entries } = transfer;
    const first = transfer.sent === 0;
    // From now on, changes are published to this member, even while the transfer waits for records.
    this.#replicas.set(memberId, transfer);
    return this.#nextPage(transfer).then((page) => {
      const hasMore = transfer.sent < entries.length;
      if (this.#replicas.get(memberId) === transfer) this.#replicas.set(memberId, hasMore ? transfer : null);
      return writePage(first ? from : cursor.seq, cursor, page, hasMore);
    });
  }

  /** Reads the entries of the next page, in parts, each of which has entries of only one client. */
  async #nextPage(transfer: Transfer): Promise<PageEntry[]> {
    const { entries } = transfer;
    const page: PageEntry[] = [];
    for (let size = 0; transfer.sent < entries.length && size < PAGE_CHARACTERS;) {
      const { sent } = transfer;
      const some = entries.slice(sent, sent + PART_ENTRIES);
      const part = some.filter(({ client }) => client === some[0]!.client);
      const tasks = part.filter(({ isRemoved }) => !isRemoved)
        .map(({ client, id }) => this.#registry.stored(client, id)).filter((stored) => stored !== undefined);
      const records = await this.#registry.records(tasks);
      const byId = new Map(records.map((record) => [record.id, record]));
      for (const { client, seq, id, isRemoved } of part) {
        if (size >= PAGE_CHARACTERS) break;
        transfer.sent++;
        const record = isRemoved ? undefined : byId.get(id);
        // A task that was removed since the transfer began is skipped: its removal is one of the changes that are sent
        // after the transfer.
        if (!isRemoved && record === undefined) continue;
        const entry = record === undefined
          ? { client, seq, id }
          : { client, seq: Math.max(seq, record.seq), json: record.json };
        page.push(entry);
        size += sizeOf(entry);
      }
    }
    return page;
  }

  #begin(after: Cursor | null): Transfer {
    const { cursor } = this.#registry;
    const changes = this.#registry.allChangesSince(after);
    if (changes !== undefined) return { entries: entriesOf(changes), cursor, from: after!.seq, sent: 0 };
    const all = this.#registry.clients().map((client): [string, ChangesSince] => {
      return [client, { tasks: [...this.#registry.list(client)], removed: [] }];
    });
    return { entries: entriesOf(all), cursor, from: null, sent: 0 };
  }

  #onEvent(event: RegistryEvent): void {
    if (this.#replicas.size === 0) {
      this.#publishedSeq = event.seq;
      return;
    }
    const key = `${event.client}/${event.stored?.id ?? event.removedId}`;
    // An earlier entry is deleted first, so that the map stays ordered by last change.
    this.#changed.delete(key);
    this.#changed.set(key, event);
    this.#timer ??= setTimeout(() => this.#publish(), this.#options.publishIntervalMs);
  }

  /** Publishes a page that follows the cursor of no replica, so that every replica requests what it lacks. */
  #onReplaced(): void {
    this.#changed.clear();
    const { cursor } = this.#registry;
    this.#publishedSeq = cursor.seq;
    this.#channel.publish(cursor.seq, writePage(cursor.seq, cursor, [], false));
  }

  #publish(): void {
    this.#timer = undefined;
    const entries = Array.from(this.#changed.values(), entryOf);
    this.#changed.clear();
    const { epoch, seq: newest } = this.#registry.cursor;
    for (let start = 0; start < entries.length;) {
      const end = pageEnd(entries, start);
      const seq = end === entries.length ? newest : entries[end - 1]!.seq;
      const page = writePage(this.#publishedSeq, { epoch, seq }, entries.slice(start, end), false);
      this.#channel.publish(seq, page);
      this.#publishedSeq = seq;
      start = end;
    }
  }
}

function entriesOf(all: Iterable<readonly [string, ChangesSince]>): TransferEntry[] {
  const entries: TransferEntry[] = [];
  for (const [client, { tasks, removed }] of all) {
    for (const { id, seq } of removed) entries.push({ client, seq, id, isRemoved: true });
    for (const { id, seq } of tasks) entries.push({ client, seq, id, isRemoved: false });
  }
  return entries;
}

function entryOf(event: RegistryEvent): PageEntry {
  const { client, seq, stored } = event;
  return stored === undefined ? { client, seq, id: event.removedId } : { client, seq, json: stored.json };
}

/**
 * Returns the index after the last entry of the page that begins at `start`. A page has at least one entry.
 */
function pageEnd(entries: readonly PageEntry[], start: number): number {
  let characters = 0;
  let end = start;
  while (end < entries.length && (end === start || characters < PAGE_CHARACTERS)) {
    const entry = entries[end++]!;
    characters += sizeOf(entry);
  }
  return end;
}

function sizeOf(entry: PageEntry): number {
  return ENTRY_CHARACTERS + entry.client.length + ("json" in entry ? entry.json : entry.id).length;
}
