/**
 * Receives the reports of `monitored()` in other processes, in batches over a socket or over HTTP.
 *
 * @module
 */

import { whenExpired } from "../../access/expiry.ts";
import { shareOf } from "../../access/grant.ts";
import { now } from "../../clock.ts";
import { parseBatch, type ReportReply } from "../../remote/messages.ts";
import { readJson } from "../body.ts";
import { notOwner } from "../cluster/forwarder.ts";
import { Commits } from "./commits.ts";
import type { HandlerContext } from "../context.ts";
import type { Visitor } from "../gate.ts";
import { jsonResponse } from "../responses.ts";
import type { Call } from "../route.ts";
import { Slots } from "../slots.ts";
import type { LocalSession, ReporterSocket } from "./forwarded_socket.ts";
import { ReporterClocks } from "./reporter_clocks.ts";
import { reporterFrom, Session } from "./session.ts";
import { SocketSession } from "./socket_session.ts";
import { CLOSE, EXPIRED, type OpenSockets, upgrade } from "../streams/upgrade.ts";

/** Handles requests to `/ws/report` and `/report`. */
export class ReportBatches {
  readonly #context: HandlerContext;
  readonly #open: OpenSockets;
  readonly #sessions: Set<SocketSession> = new Set();
  readonly #slots: Slots;
  readonly #commits: Commits;
  readonly #clocks: ReporterClocks = new ReporterClocks();
  readonly #received = { socket: 0, http: 0 };

  /**
   * @param context the parts of the monitor to use
   * @param open the sockets that are not closed yet
   */
  constructor(context: HandlerContext, open: OpenSockets) {
    this.#context = context;
    this.#open = open;
    this.#commits = new Commits(context.registry);
    this.#slots = new Slots(context.limits.reporters, "reporters");
  }

  /** The number of reporters with an open socket. */
  get count(): number {
    return this.#sessions.size;
  }

  /** The number of reports so far, by transport. */
  get received(): Readonly<Record<"socket" | "http", number>> {
    return this.#received;
  }

  /** Announces to reporters that the server is about to shut down. */
  beginClosing(): void {
    for (const session of this.#sessions) session.reply({ type: "closing" });
  }

  /** Closes every socket. */
  close(): void {
    for (const session of this.#sessions) session.close(CLOSE.goingAway, "The server is shutting down");
  }

  /** `POST /report?reporter={id}` */
  async post({ request, visitor }: Call): Promise<Response> {
    const replies: ReportReply[] = [];
    const session = new Session(
      this.#context,
      request,
      visitor,
      this.#clocks,
      (reply) => replies.push(reply),
      true,
    );
    const requestBytes = this.#context.limits.reportBytes;
    const limits = { ...this.#context.bodies, requestBytes, share: shareOf(visitor.grant) };
    const batch = parseBatch(await readJson(request, limits));
    const receivedAt = now();
    session.prove(batch.secret);
    const { cluster } = this.#context;
    const ownersVersion = cluster?.version;
    for (const client of session.clientsOf(batch)) {
      if (cluster?.accepts(client) === false) throw notOwner();
    }
    for (const client of session.clientsOf(batch)) this.#context.gate.countWrite(visitor, client);
    this.#received.http += batch.reports.length;
    // The session is connected for the duration of the request, so that it can receive cancellation requests.
    try {
      await session.connect();
      await session.take(batch, receivedAt);
    } finally {
      session.disconnect();
    }
    await this.#context.registry.committed();
    // If this node has lost tasks while the batch was applied, their uncommitted changes were dropped.
    if (cluster?.version !== ownersVersion) throw notOwner();
    return jsonResponse(JSON.stringify({ replies: [...replies, { type: "taken", batch: batch.batch }] }));
  }

  /** `WS /ws/report?reporter={id}` */
  upgrade({ request, visitor }: Call): Response {
    reporterFrom(request, visitor);
    const release = this.#slots.take(shareOf(visitor.grant));
    const copy = copyOf(request);
    try {
      return upgrade(request, {
        attach: (socket) => this.#attach(socket, copy, visitor, release),
        reportError: this.#context.reportError,
      });
    } catch (error) {
      release();
      throw error;
    }
  }

  /**
   * Begins the session of a reporter whose tasks belong to several nodes, for the tasks of this node.
   *
   * @param request the request of the reporter's handshake
   * @param visitor the sender of the request
   * @param socket receives the replies
   */
  session(request: Request, visitor: Visitor, socket: ReporterSocket): LocalSession {
    const { session, end } = this.#begin(copyOf(request), visitor, socket);
    return { open: () => session.open(), receive: (data) => session.receive(data), end };
  }

  #begin(
    request: Request,
    visitor: Visitor,
    socket: ReporterSocket,
  ): { readonly session: SocketSession; readonly end: () => void } {
    const session = new SocketSession({
      context: this.#context,
      request,
      visitor,
      socket,
      commits: this.#commits,
      clocks: this.#clocks,
      onReports: (count) => this.#received.socket += count,
    });
    this.#sessions.add(session);
    const cancelExpiry = whenExpired(visitor.grant, () => session.close(CLOSE.policy, EXPIRED));
    const end = () => {
      cancelExpiry();
      session.end();
      this.#sessions.delete(session);
    };
    return { session, end };
  }

  #attach(socket: WebSocket, request: Request, visitor: Visitor, release: () => void): void {
    const { session, end } = this.#begin(request, visitor, socket);
    this.#open.add(socket);
    socket.onopen = () => session.open();
    socket.onmessage = ({ data }) => session.receive(data);
    socket.onerror = end;
    socket.onclose = () => {
      end();
      release();
      this.#open.delete(socket);
    };
  }
}

/**
 * Copies a request before the upgrade: `authorize` reads the headers for each report, but they can't be read
 * after the upgrade.
 */
function copyOf({ url, method, headers }: Request): Request {
  return new Request(url, { method, headers: new Headers(headers) });
}
