/**
 * Receives the reports of `monitored()` in other processes, in batches over a socket or over HTTP.
 *
 * @module
 */

import { parseJson, parseKey, parseReport, type Report } from "../../task/protocol.ts";
import { ProtocolError, StorageError } from "../../errors.ts";
import type { Reporter } from "../../registry/registry_types.ts";
import { ReportIntake } from "../../registry/report_intake.ts";
import { yieldToEventLoop } from "../../reporter/yield.ts";
import { isReporterId, parseBatch, type ReportReply } from "../../remote/messages.ts";
import { hasSecret, provesIdentity } from "../../remote/reporter_identity.ts";
import { readJson } from "../body.ts";
import { Commits } from "./commits.ts";
import type { HandlerContext } from "../context.ts";
import type { Gate, Visitor } from "../gate.ts";
import { limitReached, Problem } from "../problem.ts";
import { jsonResponse } from "../responses.ts";
import { type Call, paramsOf } from "../route.ts";
import { CLOSE, type OpenSockets, sizeOf, upgrade } from "../streams/upgrade.ts";

/**
 * The maximum size of reports that wait for an access decision, and of replies that a reporter has not read.
 */
const QUEUE_BYTES = 4 * 1024 * 1024;
/**
 * The maximum size of reports that wait because earlier ones take long; more than a reporter sends without an
 * acknowledgement.
 */
const SLOW_QUEUE_BYTES = 16 * 1024 * 1024;
/** The time after which the rest of a batch is applied in later turns of the event loop, in milliseconds. */
const MAX_STRETCH_MS = 40;

/** Options of a {@linkcode SocketSession}. */
interface SocketSessionOptions {
  readonly context: HandlerContext;
  readonly request: Request;
  readonly visitor: Visitor;
  readonly socket: WebSocket;
  readonly commits: Commits;
  /** Called with the number of reports of each batch. */
  readonly onReports: (count: number) => void;
}

/** The session of a connected reporter. */
class Session implements Reporter {
  readonly id: string;
  readonly isRemote = true;
  readonly #context: HandlerContext;
  readonly #intake: ReportIntake;
  readonly #reply: (reply: ReportReply) => void;
  /** Decides whether the reporter may report a task; `null` if the reporter may report every task. */
  readonly #mayReport: ReturnType<Gate["reportsOf"]>;
  #isProven: boolean;
  #isOver = false;

  /**
   * @param context the parts of the monitor to use
   * @param request the request of the reporter
   * @param visitor the sender of the request
   * @param reply sends a reply to the reporter
   */
  constructor(
    context: HandlerContext,
    request: Request,
    visitor: Visitor,
    reply: (reply: ReportReply) => void,
  ) {
    this.id = reporterFrom(request);
    this.#isProven = !hasSecret(this.id);
    this.#context = context;
    this.#mayReport = context.gate.reportsOf(visitor, request);
    this.#reply = reply;
    this.#intake = new ReportIntake(context.registry, this);
  }

  cancelRequested(client: string, id: string): void {
    this.#reply({ type: "cancel", client, id });
  }

  /** Does nothing, because the tasks of a remote reporter continue without the server. */
  interrupted(): void {}

  /** Whether the reporter has proved its id, if it has one that must be proved. */
  get isProven(): boolean {
    return this.#isProven;
  }

  /**
   * Proves the reporter's id.
   *
   * @param secret the secret that the reporter sent; `null` if it sent none
   * @throws {Problem} 403 if the secret does not belong to the id
   */
  prove(secret: string | null): void {
    if (!provesIdentity(this.id, secret)) {
      throw new Problem("not_allowed", "The secret does not belong to this reporter");
    }
    this.#isProven = true;
  }

  /**
   * Registers the reporter as reachable, and tells it of missed cancellations, only of tasks that it may report;
   * synchronously if no access decision is needed.
   */
  connect(): Promise<void> | undefined {
    if (this.#mayReport !== null) return this.#connectAllowed(this.#mayReport);
    this.#context.registry.reporterConnected(this);
    return undefined;
  }

  async #connectAllowed(mayReport: NonNullable<ReturnType<Gate["reportsOf"]>>): Promise<void> {
    const { registry } = this.#context;
    const allowed = new Set<string>();
    for (const { client, id } of registry.reportedBy(this)) {
      if (await mayReport(client, id)) allowed.add(`${client}/${id}`);
    }
    if (this.#isOver) return;
    registry.reporterConnected(this, ({ client, id }) => allowed.has(`${client}/${id}`));
  }

  /** Registers the reporter as unreachable, and ignores its further reports. */
  disconnect(): void {
    this.#isOver = true;
    this.#context.registry.reporterDisconnected(this);
  }

  /** Whether the reporter may report every task, so that no report waits for an access decision. */
  get takesAll(): boolean {
    return this.#mayReport === null;
  }

  /**
   * Applies reports; synchronously if none of them needs an access decision and they take little time.
   *
   * @param values the reports, not validated yet
   * @returns a promise if not all reports are applied yet
   * @throws {ProtocolError} if a report does not name a valid task
   */
  take(values: readonly unknown[]): Promise<void> | undefined {
    if (this.#mayReport !== null) return this.#takeAllowed(values, this.#mayReport);
    const startMs = Date.now();
    for (let index = 0; index < values.length; index++) {
      const isLong = Date.now() - startMs > MAX_STRETCH_MS;
      if (isLong && !creates(values[index - 1])) return this.#takeRest(values.slice(index));
      this.#takeOne(values[index]);
    }
    return undefined;
  }

  async #takeRest(values: readonly unknown[]): Promise<void> {
    for (let index = 0; index < values.length; index++) {
      if (!creates(values[index - 1])) await yieldToEventLoop(Date.now());
      // If the reporter disconnected in the meantime, it resends the remaining reports.
      if (this.#isOver) return;
      this.#takeOne(values[index]);
    }
  }

  async #takeAllowed(
    values: readonly unknown[],
    mayReport: NonNullable<ReturnType<Gate["reportsOf"]>>,
  ): Promise<void> {
    for (const [index, value] of values.entries()) {
      const { client, id } = keyOf(value);
      if (!creates(values[index - 1])) await yieldToEventLoop(Date.now());
      const isAllowed = await mayReport(client, id);
      // If the reporter disconnected in the meantime, it resends the remaining reports.
      if (this.#isOver) return;
      if (isAllowed) this.#takeOne(value);
      else this.#reply({ type: "refused", client, id, reason: "no access to this task" });
    }
  }

  #takeOne(value: unknown): void {
    let report: Report;
    try {
      report = parseReport(value);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      // An invalid report may come from a newer version of the library, so it does not affect the reports of
      // other tasks.
      return this.#reply({ type: "refused", ...keyOf(value), reason: error.message });
    }
    const command = this.#intake.take(report);
    if (command !== null) this.#reply(command);
  }
}

/** A reporter that is connected over a socket. */
class SocketSession {
  readonly #context: HandlerContext;
  readonly #socket: WebSocket;
  readonly #session: Session;
  readonly #commits: Commits;
  readonly #onReports: (count: number) => void;
  /** The number of the last applied batch, and of the last acknowledged one. */
  #taken = 0;
  #acknowledged = 0;
  #isCommitting = false;
  #queuedBytes = 0;
  /** The messages that are not applied yet; `null` if there are none. */
  #queue: Promise<void> | null = null;
  #isOver = false;

  constructor({ context, request, visitor, socket, commits, onReports }: SocketSessionOptions) {
    this.#context = context;
    this.#socket = socket;
    this.#commits = commits;
    this.#onReports = onReports;
    this.#session = new Session(context, request, visitor, (reply) => this.reply(reply));
  }

  /** Begins the session of a reporter that has no secret to wait for. */
  open(): void {
    if (this.#isOver || !this.#session.isProven) return;
    // The reports that arrive in the meantime wait in the same queue as for their own access decisions.
    this.#enqueue(this.#session.connect()?.catch((error) => this.#failed(error)));
  }

  /**
   * Ends the session. Call this when the socket is closed or about to be closed; further calls do nothing.
   */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#session.disconnect();
  }

  close(code: number, reason: string): void {
    this.end();
    this.#socket.close(code, reason);
  }

  reply(reply: ReportReply): void {
    if (this.#isOver || this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.#socket.bufferedAmount > QUEUE_BYTES) this.close(CLOSE.tryAgainLater, "Reading too slowly");
    else this.#socket.send(JSON.stringify(reply));
  }

  receive(data: unknown): void {
    if (this.#isOver) return;
    const { reportBytes } = this.#context.limits;
    const bytes = sizeOf(data);
    if (bytes > reportBytes) {
      return this.close(CLOSE.tooBig, `Messages must have at most ${reportBytes} bytes`);
    }
    const before = this.#queue;
    if (before === null) return this.#enqueue(this.#attempt(data));
    this.#queuedBytes += bytes;
    if (this.#queuedBytes > (this.#session.takesAll ? SLOW_QUEUE_BYTES : QUEUE_BYTES)) {
      const awaited = this.#session.takesAll ? "earlier ones" : "an access decision";
      return this.close(CLOSE.tryAgainLater, `Too many reports wait for ${awaited}`);
    }
    this.#enqueue(before.then(() => {
      this.#queuedBytes -= bytes;
      return this.#attempt(data);
    }));
  }

  /** Keeps the messages in order, although some of them take more than a turn of the event loop. */
  #enqueue(work: Promise<void> | undefined): void {
    if (work === undefined) return;
    const queue: Promise<void> = work.then(() => {
      if (this.#queue === queue) this.#queue = null;
    });
    this.#queue = queue;
  }

  /** Applies a message. Neither throws nor rejects. */
  #attempt(data: unknown): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    try {
      return this.#take(data)?.catch((error) => this.#failed(error));
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #take(data: unknown): Promise<void> | undefined {
    const { batch, reports, secret } = parseBatch(parseJson(String(data)));
    if (!this.#session.isProven) {
      this.#session.prove(secret);
      const connected = this.#session.connect();
      if (connected !== undefined) return connected.then(() => this.#takeProven(batch, reports));
    }
    return this.#takeProven(batch, reports);
  }

  #takeProven(batch: number, reports: readonly unknown[]): Promise<void> | undefined {
    if (reports.length === 0) {
      this.reply({ type: "alive" });
      return undefined;
    }
    this.#onReports(reports.length);
    const taken = this.#session.take(reports);
    if (taken !== undefined) return taken.then(() => this.#acknowledge(batch));
    this.#acknowledge(batch);
    return undefined;
  }

  #failed(error: unknown): void {
    if (error instanceof ProtocolError || error instanceof Problem) {
      return this.close(CLOSE.policy, shortReason(error.message));
    }
    if (!(error instanceof StorageError)) this.#context.reportError(error);
    this.close(CLOSE.tryAgainLater, "The server cannot store reports now");
  }

  #acknowledge(batch: number): void {
    this.#taken = Math.max(this.#taken, batch);
    if (!this.#isCommitting) void this.#acknowledgeCommitted();
  }

  /** Acknowledges batches after their commit; until then, the reporter keeps them. */
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

/** Handles requests to `/ws/report` and `/report`. */
export class ReportBatches {
  readonly #context: HandlerContext;
  readonly #open: OpenSockets;
  readonly #sessions: Set<SocketSession> = new Set();
  readonly #commits: Commits;
  readonly #received = { socket: 0, http: 0 };

  /**
   * @param context the parts of the monitor to use
   * @param open the sockets that are not closed yet
   */
  constructor(context: HandlerContext, open: OpenSockets) {
    this.#context = context;
    this.#open = open;
    this.#commits = new Commits(context.registry);
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
    const session = new Session(this.#context, request, visitor, (reply) => replies.push(reply));
    const limits = { ...this.#context.limits, requestBytes: this.#context.limits.reportBytes };
    const { batch, reports, secret } = parseBatch(await readJson(request, limits));
    session.prove(secret);
    this.#received.http += reports.length;
    // The session is connected for the duration of the request, so that it can receive cancellation requests.
    try {
      await session.connect();
      await session.take(reports);
    } finally {
      session.disconnect();
    }
    await this.#context.registry.committed();
    return jsonResponse(JSON.stringify({ replies: [...replies, { type: "taken", batch }] }));
  }

  /** `WS /ws/report?reporter={id}` */
  upgrade({ request, visitor }: Call): Response {
    const { reporters } = this.#context.limits;
    if (this.#sessions.size >= reporters) {
      throw limitReached(`The limit of ${reporters} reporters is reached`);
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
    const end = () => {
      session.end();
      this.#sessions.delete(session);
    };
    socket.onopen = () => session.open();
    socket.onmessage = ({ data }) => session.receive(data);
    socket.onerror = end;
    socket.onclose = () => {
      end();
      this.#open.delete(socket);
    };
    return response;
  }
}

function reporterFrom(request: Request): string {
  const reporter = paramsOf(request).get("reporter") ?? "";
  if (isReporterId(reporter)) return reporter;
  throw new Problem("bad_reporter", 'The parameter "reporter" must be 8 to 64 characters of A-Z a-z 0-9 _ -');
}

function keyOf(value: unknown): { readonly client: string; readonly id: string } {
  const { client, id } = (value ?? {}) as { readonly client?: unknown; readonly id?: unknown };
  return parseKey(client, id);
}

/** Returns whether a report creates a task. The report after it starts the task, and watchers see both at once. */
function creates(value: unknown): boolean {
  return (value as { readonly change?: { readonly type?: unknown } } | null | undefined)?.change?.type ===
    "create";
}

/** Truncates the reason for closing a socket, which may have at most 123 bytes (RFC 6455, section 5.5). */
function shortReason(message: string): string {
  return message.replace(/[^\x20-\x7e]/g, "?").slice(0, 120);
}
