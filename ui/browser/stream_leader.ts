/**
 * Opens one event stream for the subscriptions of all tabs of an origin.
 *
 * @module
 */

import { NOTHING_MISSED } from "../../lib/task/wire.ts";
import { endOf, endWith, readText } from "./request_sources.ts";
import {
  CONNECTION_LOST,
  type LeaderMessage,
  memberLock,
  SharedChannel,
  type SharedEnd,
} from "./shared_channel.ts";

/** The maximum number of subscriptions of one stream, which the server enforces. */
const MAX_GROUPS = 64;
/** The maximum length of the query, in characters: proxies accept request lines of 8 KiB. */
const MAX_QUERY = 7_000;

/** A subscription of any tab. */
interface Member {
  readonly watch: string;
  cursor: string;
  /** Aborted to stop waiting for the end of the subscription. */
  readonly forget: AbortController;
}

/** The subscriptions of tabs with the same tasks and the same cursor, which share one subscription of the stream. */
interface Group {
  readonly watch: string;
  cursor: string;
  readonly ids: readonly string[];
}

/**
 * The leader of the tabs. Whenever a subscription joins, the stream is reopened to include it, and every other
 * subscription resumes from its cursor.
 */
export class StreamLeader {
  readonly #url: string;
  readonly #name: string;
  readonly #channel: SharedChannel;
  readonly #id = crypto.randomUUID();
  readonly #members: Map<string, Member> = new Map();
  #sent = 0;
  #abort = new AbortController();
  #isOpening = false;
  /** Whether a subscription has joined since the stream was requested. */
  #isStale = false;
  #isClosed = false;

  /**
   * @param url the URL of the stream without a query, such as `/events/tasks`
   * @param name the name of the channel
   */
  constructor(url: string, name: string) {
    this.#url = url;
    this.#name = name;
    this.#channel = new SharedChannel(name, (message) => {
      if (message.type === "join") this.#join(message.id, message.watch, message.cursor);
      else if (message.type === "ping") this.#send({ type: "pong" });
    });
    this.#send({ type: "lead" });
  }

  /** Closes the stream. The subscriptions stay, and join the next leader. */
  close(): void {
    this.#isClosed = true;
    this.#abort.abort();
    this.#channel.close();
    for (const { forget } of this.#members.values()) forget.abort();
    this.#members.clear();
  }

  #send(message: LeaderMessage): void {
    this.#channel.send({ ...message, leader: this.#id, count: this.#sent++ });
  }

  #join(id: string, watch: string, cursor: string): void {
    const forget = new AbortController();
    this.#members.set(id, { watch, cursor, forget });
    // The lock becomes free when the subscription ends, or its tab is closed or crashes.
    navigator.locks.request(memberLock(this.#name, id), { signal: forget.signal }, () => {
      this.#members.delete(id);
      if (this.#members.size === 0) this.#abort.abort();
    }).catch(() => {});
    void this.#open();
  }

  async #open(): Promise<void> {
    this.#isStale = true;
    if (this.#isOpening) return;
    this.#isOpening = true;
    while (this.#isStale && !this.#isClosed && this.#members.size > 0) {
      this.#isStale = false;
      this.#abort.abort();
      this.#abort = new AbortController();
      const { signal } = this.#abort;
      const groups = this.#groups();
      const response = await this.#request(groups, signal);
      // A subscription that has joined in the meantime needs another stream.
      if (this.#isStale) continue;
      if (response === null) this.#end([...this.#members.keys()], CONNECTION_LOST);
      else void this.#follow(response, groups, signal);
    }
    this.#isOpening = false;
  }

  /** Groups the subscriptions, and ends subscriptions beyond the limits of one stream. */
  #groups(): Group[] {
    const groups: Group[] = [];
    let length = 0;
    for (
      const ids of Map.groupBy(this.#members, ([, { watch, cursor }]) => queryOf(watch, cursor)).values()
    ) {
      const { watch, cursor } = ids[0]![1];
      const group = { watch, cursor, ids: ids.map(([id]) => id) };
      length += queryOf(watch, cursor).length + 1;
      if (groups.length < MAX_GROUPS && length <= MAX_QUERY) groups.push(group);
      else this.#end(group.ids, CONNECTION_LOST);
    }
    return groups;
  }

  /** Requests the stream; returns `null` if the server does not respond with one. */
  async #request(groups: readonly Group[], signal: AbortSignal): Promise<Response | null> {
    try {
      const query = groups.map(({ watch, cursor }) => queryOf(watch, cursor)).join("&");
      const headers = { accept: "text/event-stream" };
      const response = await fetch(`${this.#url}?${query}`, { headers, cache: "no-store", signal });
      if (response.ok && response.headers.get("content-type")?.startsWith("text/event-stream")) {
        return response;
      }
      void response.body?.cancel();
      const { status } = response;
      this.#end(groups.flatMap(({ ids }) => ids), { status, why: endOf(response) });
    } catch {
      // The connection failed, or the stream was aborted.
    }
    return null;
  }

  /** Passes the events of the stream on to the subscriptions, until the stream ends. */
  async #follow(response: Response, groups: Group[], signal: AbortSignal): Promise<void> {
    let rest = "";
    let group: Group | undefined;
    try {
      await readText(response, (text) => {
        if (signal.aborted) return;
        const end = (rest + text).lastIndexOf("\n\n") + 1;
        const blocks = (rest + text).slice(0, end).split("\n\n");
        rest = (rest + text).slice(end + 1);
        const parts: { group: Group | undefined; text: string }[] = [];
        for (const block of blocks) {
          const watch = /^: watch (\d+)$/m.exec(block)?.[1];
          // Comments of the stream and its retry delay are passed on to every subscription.
          const isForAll = watch === undefined && !/^(event|data|id):/m.test(block);
          if (watch !== undefined) group = groups[Number(watch)];
          const receiver = isForAll ? undefined : group;
          const last = parts.at(-1);
          const text = `${block}\n\n`;
          if (last !== undefined && last.group === receiver) last.text += text;
          else parts.push({ group: receiver, text });
        }
        for (const part of parts) this.#pass(part.group, part.text);
      });
    } catch {
      // The connection was lost, or the stream was aborted.
    }
    if (!signal.aborted) this.#end([...this.#members.keys()], CONNECTION_LOST);
  }

  /** Passes a part of the stream on to a group, or to all subscriptions. */
  #pass(group: Group | undefined, text: string): void {
    if (group === undefined) {
      return this.#send({ type: "text", ids: [...this.#members.keys()], text });
    }
    const [events, end] = text.split(/^event: end\ndata: (.*)\n+/m);
    if (events !== undefined && (/^event:/m.test(events) || events.includes(NOTHING_MISSED))) {
      this.#send({ type: "text", ids: group.ids, text: events });
      const cursor = [...events.matchAll(/^id: (.+)$/mg)].at(-1)?.[1];
      if (cursor !== undefined) this.#advance(group, cursor);
    }
    if (end === undefined) return;
    const { status } = JSON.parse(end);
    this.#end(group.ids, { status, why: endWith(status) });
  }

  #advance(group: Group, cursor: string): void {
    for (const id of group.ids) {
      const member = this.#members.get(id);
      if (member !== undefined) member.cursor = cursor;
    }
  }

  #end(ids: readonly string[], end: SharedEnd): void {
    for (const id of ids) {
      this.#members.get(id)?.forget.abort();
      this.#members.delete(id);
    }
    this.#send({ type: "end", ids, end });
  }
}

function queryOf(watch: string, cursor: string): string {
  return `watch=${encodeURIComponent(watch)}&after=${encodeURIComponent(cursor)}`;
}
