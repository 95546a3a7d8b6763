/**
 * Reports of `monitored()` in other processes: batches over a socket, or over plain HTTP.
 *
 * @module
 */

import { parseJson, parseKey, parseReport, type Report } from "../../task/protocol.ts";
import { ProtocolError, StorageError } from "../../errors.ts";
import type { Reporter } from "../../registry/registry_types.ts";
import { ReportIntake } from "../../registry/report_intake.ts";
import { isReporterId, parseBatch, type ReportReply } from "../../remote/messages.ts";
import { readJson } from "../body.ts";
import { Commits } from "./commits.ts";
import type { HandlerContext } from "../context.ts";
import type { Gate, Visitor } from "../gate.ts";
import { limitReached, Problem } from "../problem.ts";
import { jsonResponse } from "../responses.ts";
import { type Call, paramsOf } from "../route.ts";
import { CLOSE, type OpenSockets, sizeOf, upgrade } from "../streams/upgrade.ts";

/** Bytes that may wait for a decision on whether they are allowed, or on their way to a reporter that does not read. */
const QUEUE_BYTES = 4 * 1024 * 1024;

/** What a {@linkcode SocketSession} is made of. */
interface SocketSessionOptions {
  readonly context: HandlerContext;
  readonly request: Request;
  readonly visitor: Visitor;
  readonly socket: WebSocket;
  readonly commits: Commits;
  /** Hears how many reports came. */
  readonly onReports: (count: number) => void;
}

/** One reporter that is there. */
class Session implements Reporter {
  readonly id: string;
  readonly isRemote = true;
  readonly #context: HandlerContext;
  readonly #intake: ReportIntake;
  readonly #reply: (reply: ReportReply) => void;
  /** Decides whether it may report a task; `null` where it may report all. */
  readonly #mayReport: ReturnType<Gate["reportsOf"]>;
  #isOver = false;

  /**
   * @param context what the answers are made of
   * @param request the request that it came with
   * @param visitor who it is
   * @param reply brings something to it
   */
  constructor(
    context: HandlerContext,
    request: Request,
    visitor: Visitor,
    reply: (reply: ReportReply) => void,
  ) {
    this.id = reporterFrom(request);
    this.#context = context;
    this.#mayReport = context.gate.reportsOf(visitor, request);
    this.#reply = reply;
    this.#intake = new ReportIntake(context.registry, this);
  }

  /** Whether it may report every task. */
  get takesAll(): boolean {
    return this.#mayReport === null;
  }

  cancelRequested(client: string, id: string): void {
    this.#reply({ type: "cancel", client, id });
  }

  /** Its tasks go on without us. */
  interrupted(): void {}

  /** It can be reached from now on. */
  arrive(): void {
    this.#context.registry.reporterHere(this);
  }

  /** It can't be reached any more, and nothing is taken of it. */
  leave(): void {
    this.#isOver = true;
    this.#context.registry.reporterAway(this);
  }

  /**
   * Takes reports. At once where nobody has to be asked whether that is allowed.
   *
   * @param values the reports, unchecked
   * @throws {ProtocolError} where one of them can't be told from the others
   */
  take(values: readonly unknown[]): void | Promise<void> {
    if (this.#mayReport !== null) return this.#takeAllowed(values, this.#mayReport);
    for (const value of values) this.#takeOne(value);
  }

  async #takeAllowed(
    values: readonly unknown[],
    mayReport: NonNullable<ReturnType<Gate["reportsOf"]>>,
  ): Promise<void> {
    for (const value of values) {
      const { client, id } = keyOf(value);
      const isAllowed = await mayReport(client, id);
      // It may have gone meanwhile, and brings again what was not taken.
      if (this.#isOver) return;
      if (isAllowed) this.#takeOne(value);
      else this.#reply({ type: "refused", client, id, reason: "this is not yours to report" });
    }
  }

  #takeOne(value: unknown): void {
    let report: Report;
    try {
      report = parseReport(value);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      // Maybe of a newer program. The other tasks have nothing to do with it.
      return this.#reply({ type: "refused", ...keyOf(value), reason: error.message });
    }
    const command = this.#intake.take(report);
    if (command !== null) this.#reply(command);
  }
}

/** A reporter over a socket. */
class SocketSession {
  readonly #context: HandlerContext;
  readonly #socket: WebSocket;
  readonly #session: Session;
  readonly #commits: Commits;
  readonly #onReports: (count: number) => void;
  /** What was taken, and up to where that was acknowledged. */
  #taken = 0;
  #acknowledged = 0;
  #isCommitting = false;
  #queuedBytes = 0;
  #queue: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor({ context, request, visitor, socket, commits, onReports }: SocketSessionOptions) {
    this.#context = context;
    this.#socket = socket;
    this.#commits = commits;
    this.#onReports = onReports;
    this.#session = new Session(context, request, visitor, (reply) => this.reply(reply));
  }

  open(): void {
    if (!this.#isOver) this.#session.arrive();
  }

  /** The socket is closed, or about to be. May be called more than once. */
  over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#session.leave();
  }

  leave(code: number, reason: string): void {
    this.over();
    this.#socket.close(code, reason);
  }

  reply(reply: ReportReply): void {
    if (this.#isOver || this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.#socket.bufferedAmount > QUEUE_BYTES) this.leave(CLOSE.tryAgainLater, "Too slow");
    else this.#socket.send(JSON.stringify(reply));
  }

  receive(data: unknown): void {
    if (this.#isOver) return;
    const { reportBytes } = this.#context.limits;
    const bytes = sizeOf(data);
    if (bytes > reportBytes) {
      return this.leave(CLOSE.tooBig, `Messages may have at most ${reportBytes} bytes`);
    }
    if (this.#session.takesAll) return this.#attempt(() => this.#take(data));
    // In order, though each may have to wait for a decision.
    this.#queuedBytes += bytes;
    if (this.#queuedBytes > QUEUE_BYTES) {
      return this.leave(CLOSE.tryAgainLater, "Too much waits for a decision");
    }
    this.#queue = this.#queue.then(async () => {
      this.#queuedBytes -= bytes;
      try {
        if (!this.#isOver) await this.#take(data);
      } catch (error) {
        this.#failed(error);
      }
    });
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failed(error);
    }
  }

  #take(data: unknown): void | Promise<void> {
    const { batch, reports } = parseBatch(parseJson(String(data)));
    if (reports.length === 0) return this.reply({ type: "alive" });
    this.#onReports(reports.length);
    const taken = this.#session.take(reports);
    if (taken !== undefined) return taken.then(() => this.#acknowledge(batch));
    this.#acknowledge(batch);
  }

  #failed(error: unknown): void {
    if (error instanceof ProtocolError) return this.leave(CLOSE.policy, cutReason(error.message));
    if (!(error instanceof StorageError)) this.#context.reportError(error);
    this.leave(CLOSE.tryAgainLater, "This can't be taken at present");
  }

  #acknowledge(batch: number): void {
    this.#taken = Math.max(this.#taken, batch);
    if (!this.#isCommitting) void this.#acknowledgeCommitted();
  }

  /** While nothing can be committed nothing is acknowledged: the reporter keeps it. */
  async #acknowledgeCommitted(): Promise<void> {
    this.#isCommitting = true;
    while (this.#acknowledged < this.#taken && !this.#isOver) {
      const batch = this.#taken;
      if (!await this.#commits.committed()) continue;
      this.#acknowledged = batch;
      this.reply({ type: "taken", batch });
    }
    this.#isCommitting = false;
  }
}

/** Takes reports at `/ws/report` and `/report`. */
export class ReportBatches {
  readonly #context: HandlerContext;
  readonly #open: OpenSockets;
  readonly #sessions: Set<SocketSession> = new Set();
  readonly #commits: Commits;
  readonly #received = { socket: 0, http: 0 };

  /**
   * @param context what the answers are made of
   * @param open takes note of every socket
   */
  constructor(context: HandlerContext, open: OpenSockets) {
    this.#context = context;
    this.#open = open;
    this.#commits = new Commits(context.registry);
  }

  /** How many reporters have a socket open. */
  get count(): number {
    return this.#sessions.size;
  }

  /** How many reports came so far, by how they came. */
  get received(): Readonly<Record<"socket" | "http", number>> {
    return this.#received;
  }

  /** Tells reporters that the server is about to end. */
  beginClosing(): void {
    for (const session of this.#sessions) session.reply({ type: "closing" });
  }

  /** Closes every socket. */
  close(): void {
    for (const session of this.#sessions) session.leave(CLOSE.goingAway, "The server is shutting down");
  }

  /** `POST /report?reporter={id}` */
  async post({ request, visitor }: Call): Promise<Response> {
    const replies: ReportReply[] = [];
    const session = new Session(this.#context, request, visitor, (reply) => replies.push(reply));
    const limits = { ...this.#context.limits, requestBytes: this.#context.limits.reportBytes };
    const { batch, reports } = parseBatch(await readJson(request, limits));
    this.#received.http += reports.length;
    // It is there for the moment, and hears what there is to hear.
    session.arrive();
    try {
      await session.take(reports);
    } finally {
      session.leave();
    }
    await this.#context.registry.committed();
    return jsonResponse(JSON.stringify({ replies: [...replies, { type: "taken", batch }] }));
  }

  /** `WS /ws/report?reporter={id}` */
  upgrade({ request, visitor }: Call): Response {
    const { reporters } = this.#context.limits;
    if (this.#sessions.size >= reporters) {
      throw limitReached(`${reporters} reporters are here, which is the limit`);
    }
    reporterFrom(request);
    const { socket, response } = upgrade(request);
    const session = new SocketSession({
      context: this.#context,
      request,
      visitor,
      socket,
      commits: this.#commits,
      onReports: (count) => this.#received.socket += count,
    });
    this.#sessions.add(session);
    this.#open.add(socket);
    const over = () => {
      session.over();
      this.#sessions.delete(session);
    };
    socket.onopen = () => session.open();
    socket.onmessage = ({ data }) => session.receive(data);
    socket.onerror = over;
    socket.onclose = () => {
      over();
      this.#open.delete(socket);
    };
    return response;
  }
}

function reporterFrom(request: Request): string {
  const reporter = paramsOf(request).get("reporter") ?? "";
  if (isReporterId(reporter)) return reporter;
  throw new Problem("bad_reporter", 'The parameter "reporter" must be 8 to 64 of A-Z a-z 0-9 _ -');
}

function keyOf(value: unknown): { readonly client: string; readonly id: string } {
  const { client, id } = (value ?? {}) as { readonly client?: unknown; readonly id?: unknown };
  return parseKey(client, id);
}

/** A reason has room for 123 bytes (RFC 6455, section 5.5). */
function cutReason(message: string): string {
  return message.replace(/[^\x20-\x7e]/g, "?").slice(0, 120);
}
