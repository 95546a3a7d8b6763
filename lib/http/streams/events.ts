/**
 * Sends tasks to watchers as server-sent events.
 *
 * @module
 */

import { whenExpired } from "../../access/expiry.ts";
import { type Grant, shareOf } from "../../access/grant.ts";
import { UnrefInterval } from "../../unref_interval.ts";
import { ClosedError } from "../../errors.ts";
import { eventMessage } from "../../hub/event_messages.ts";
import type { Watcher } from "../../hub/watcher.ts";
import { type Cursor, parseCursor } from "../../task/cursor.ts";
import type { StoredTask, TaskRecord } from "../../store/store.ts";
import { CLIENT_RULE, isClientToken, isTaskId, TASK_ID_RULE } from "../../task/grammar.ts";
import { isFinal } from "../../task/task.ts";
import { andThen } from "../../task/maybe_promise.ts";
import { type HandlerContext, taskRecord } from "../context.ts";
import { EventConnection, SharedEncoder } from "./event_connection.ts";
import { Problem, problemOf } from "../problem.ts";
import { headerOf } from "../headers.ts";
import { type Answer, type Call, paramsOf } from "../route.ts";
import type { Slots } from "../slots.ts";
import { type WatcherCounts, WatcherTally } from "./watcher_tally.ts";

/**
 * The interval of keepalive comments on an idle stream, in milliseconds: proxies close connections that are
 * idle for 30 or 60 s, and only a write reveals that a peer is gone. The HTML standard recommends 15 s.
 */
const KEEPALIVE_MS = 15_000;

/** The maximum number of subscriptions of one stream. */
const MAX_WATCHES = 64;

const HEADERS = {
  "content-type": "text/event-stream",
  // Without `no-transform`, proxies that compress responses buffer events until a block is full. Deno before
  // 2.9 did the same: https://github.com/denoland/deno/issues/19889
  "cache-control": "no-store, no-transform",
  // This header disables nginx's buffering of the response.
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
};

/** One of several subscriptions of a stream: to all tasks of a client, or to one task. */
interface Watch {
  readonly client: string;
  readonly id: string | null;
  readonly after: Cursor | null;
}

/** Handles requests below `/events`. */
export class Events {
  readonly #context: HandlerContext;
  readonly #slots: Slots;
  readonly #connections: Set<EventConnection> = new Set();
  /** The connections whose peers have not read everything yet. */
  readonly #undone: Set<EventConnection> = new Set();
  #onAllDone: () => void = () => {};
  readonly #tally = new WatcherTally();
  readonly #encoder: SharedEncoder = new SharedEncoder();
  #isEnded = false;
  readonly #keepalive: UnrefInterval = new UnrefInterval(() => {
    for (const connection of this.#connections) connection.keepAlive();
  }, KEEPALIVE_MS);

  /**
   * @param context the parts of the monitor to use
   * @param slots the limit of watchers
   */
  constructor(context: HandlerContext, slots: Slots) {
    this.#context = context;
    this.#slots = slots;
  }

  /** The number of watchers, and the counts of messages sent to them. */
  get counts(): WatcherCounts {
    const { disconnected, messages, characters } = this.#tally;
    const open = [...this.#undone].reduce((sum, { watchers }) => sum + watchers, 0);
    return { open, disconnected, messages, characters };
  }

  /** Sends an event to every watcher. */
  tellAll(type: string, data: string): void {
    const message = eventMessage(type, data);
    for (const connection of [...this.#connections]) connection.tellAll(message);
  }

  /** Ends every stream. */
  close(): void {
    for (const connection of [...this.#connections]) connection.end();
  }

  /**
   * Ends every stream, and refuses streams of requests that are still waiting, for example for the record of
   * a task.
   */
  end(): void {
    this.#isEnded = true;
    this.close();
  }

  /** Resolves when every peer has read its stream to the end, or has disconnected. */
  whenClosed(): Promise<void> {
    if (this.#undone.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onAllDone = resolve);
  }

  /** `GET /events/tasks/{client}[?after={cursor}]` */
  watch({ client, request, visitor: { grant } }: Call): Response {
    const after = cursorOf(request);
    return this.#stream(request, grant, (watcher) => this.#context.hub.watchEvents(client, watcher, after));
  }

  /** `GET /events/tasks/{client}/{id}[?after={cursor}]`: the stream ends after the task has ended. */
  watchTask({ client, id, request, visitor: { grant } }: Call): Answer {
    const after = cursorOf(request);
    return andThen(taskRecord(this.#context, client, id), (stored) => {
      // An EventSource reconnects whenever a stream ends; the status 204 tells it to stop.
      if (after !== null && this.#knowsEnd(client, stored, after)) return new Response(null, { status: 204 });
      return this.#stream(
        request,
        grant,
        (watcher) => this.#context.hub.watchTaskEvents(client, stored, watcher, after),
      );
    });
  }

  /**
   * `GET /events/tasks?watch={client}[/{id}]&after={cursor}&watch=…`: one stream for several subscriptions.
   * The comment `: watch 1` precedes each message of the second subscription. The event `end` ends a
   * subscription, and has the status that a stream of its own would have had. The stream ends when its last
   * subscription ends.
   */
  async watchMany({ request, visitor: { grant, peer } }: Call): Promise<Response> {
    const watches = watchesOf(paramsOf(request));
    const refusals = await Promise.all(watches.map((watch) => this.#refusal(watch, request, peer)));
    if (request.method === "HEAD") return new Response(null, { headers: HEADERS });
    const { registry } = this.#context;
    const records = await Promise.all(
      watches.map(({ client, id }, index) =>
        id === null || refusals[index] !== null ? undefined : registry.record(client, id)
      ),
    );
    const connection = this.#connect(grant);
    watches.forEach((watch, index) => {
      const label = `: watch ${index}\n`;
      const end = (status: number) => label + eventMessage("end", JSON.stringify({ status }));
      const refusal = refusals[index] ??
        this.#begin(connection, watch, records[index], { label, last: end(200), share: shareOf(grant) });
      if (refusal !== null) connection.tell(end(refusal));
    });
    connection.complete();
    return new Response(connection.body.stream, { headers: HEADERS });
  }

  /** Returns the status with which a subscription is refused; `null` if it is allowed. */
  async #refusal({ client, id }: Watch, request: Request, peer: string): Promise<number | null> {
    try {
      await this.#context.gate.pass(request, { action: "read", client, taskId: id }, peer);
      return null;
    } catch (error) {
      return problemOf(error, this.#context.reportError).status;
    }
  }

  /**
   * Begins one of several subscriptions of a stream; returns the status if the subscription is refused or
   * ends at once, otherwise `null`.
   */
  #begin(
    connection: EventConnection,
    { client, id, after }: Watch,
    read: TaskRecord | undefined,
    { label, last, share }: { readonly label: string; readonly last: string; readonly share: string | null },
  ): number | null {
    const { hub, registry, reportError } = this.#context;
    // The task may have changed while the records of other tasks were read.
    const known = id === null ? undefined : registry.stored(client, id);
    const stored = known && (registry.atHand(known) ?? read);
    if (id !== null && stored === undefined) return 404;
    if (stored !== undefined && after !== null && this.#knowsEnd(client, stored, after)) return 204;
    try {
      const begin = (watcher: Watcher) =>
        stored === undefined
          ? hub.watchEvents(client, watcher, after)
          : hub.watchTaskEvents(client, stored, watcher, after);
      connection.add(begin, this.#slots.take(share), label, last);
      return null;
    } catch (error) {
      return problemOf(error, reportError).status;
    }
  }

  #knowsEnd(client: string, stored: StoredTask, after: Cursor): boolean {
    return stored.seq <= after.seq && isFinal(stored.summary.state) &&
      this.#context.registry.changesSince(client, after) !== undefined;
  }

  #stream(request: Request, grant: Grant, begin: (watcher: Watcher) => () => void): Response {
    if (request.method === "HEAD") return new Response(null, { headers: HEADERS });
    const connection = this.#connect(grant);
    try {
      connection.add(begin, this.#slots.take(shareOf(grant)));
    } catch (error) {
      connection.end();
      this.#done(connection);
      throw error;
    }
    connection.complete();
    return new Response(connection.body.stream, { headers: HEADERS });
  }

  /**
   * Creates a connection that ends when the grant of its visitor expires.
   *
   * @throws {ClosedError} if the server has ended every stream
   */
  #connect(grant: Grant): EventConnection {
    if (this.#isEnded) throw new ClosedError("The server is shutting down");
    const connection: EventConnection = new EventConnection({
      encoder: this.#encoder,
      unsent: this.#context.unsent,
      share: shareOf(grant),
      queueBytes: this.#context.limits.watcherQueueBytes,
      tally: this.#tally,
      reportError: this.#context.reportError,
      onLeave: () => {
        cancelExpiry();
        this.#connections.delete(connection);
        if (this.#connections.size === 0) this.#stopKeepalive();
      },
      onDone: () => this.#done(connection),
    });
    const cancelExpiry = whenExpired(grant, () => connection.end());
    this.#connections.add(connection);
    this.#undone.add(connection);
    this.#keepalive.start();
    return connection;
  }

  #done(connection: EventConnection): void {
    this.#undone.delete(connection);
    if (this.#undone.size === 0) this.#onAllDone();
  }

  /** Stops the keepalive timer and releases the cached message if no stream is open. */
  #stopKeepalive(): void {
    this.#keepalive.stop();
    this.#encoder.clear();
  }
}

/**
 * Reads the subscriptions of a stream with several subscriptions.
 *
 * @throws {Problem} 400 if there are no subscriptions or too many, or a subscription is not valid
 */
function watchesOf(params: URLSearchParams): Watch[] {
  const watches = params.getAll("watch");
  const afters = params.getAll("after");
  if (watches.length === 0 || watches.length > MAX_WATCHES) {
    throw new Problem("bad_filter", `The parameter "watch" must be given between 1 and ${MAX_WATCHES} times`);
  }
  if (afters.length > 0 && afters.length !== watches.length) {
    throw new Problem("bad_filter", 'The parameter "after" must be given as often as "watch", or not at all');
  }
  return watches.map((text, index) => {
    const slash = text.indexOf("/");
    const client = slash === -1 ? text : text.slice(0, slash);
    const id = slash === -1 ? null : text.slice(slash + 1);
    if (!isClientToken(client)) throw new Problem("bad_client", `A client token must be ${CLIENT_RULE}`);
    if (id !== null && !isTaskId(id)) throw new Problem("bad_task_id", `A task id must be ${TASK_ID_RULE}`);
    return { client, id, after: afters[index] ? parseCursor(afters[index]) : null };
  });
}

/**
 * Returns the cursor to resume from. A browser that reconnects sends the cursor as a header, along with the
 * original URL. If the header is not a cursor of this server, the position is unknown, and the stream starts
 * with the full state.
 */
function cursorOf(request: Request): Cursor | null {
  const seen = headerOf(request, "last-event-id");
  if (seen) return parsedCursor(seen) ?? UNKNOWN;
  const after = paramsOf(request).get("after");
  return after === null || after === "" ? null : parseCursor(after);
}

/** A cursor that no server has issued, so that every server sends the full state for it. */
const UNKNOWN: Cursor = { epoch: "", seq: 0 };

function parsedCursor(text: string): Cursor | null {
  try {
    return parseCursor(text);
  } catch {
    return null;
  }
}
