/**
 * Applies the batches that one reporter sends over its socket, in order, and acknowledges them after their
 * commit.
 *
 * @module
 */

import { now } from "../../clock.ts";
import { ProtocolError, StorageError } from "../../errors.ts";
import { parseBatch, type ReportBatch, type ReportReply } from "../../remote/messages.ts";
import { parseJson } from "../../task/protocol.ts";
import type { HandlerContext } from "../context.ts";
import type { Visitor } from "../gate.ts";
import { Problem } from "../problem.ts";
import { CLOSE, sizeOf } from "../streams/upgrade.ts";
import type { Commits } from "./commits.ts";
import type { ReporterSocket } from "./forwarded_socket.ts";
import type { ReporterClocks } from "./reporter_clocks.ts";
import { Session } from "./session.ts";

/** The maximum number of bytes of replies that the reporter has not read. */
const REPLY_BYTES = 4 * 1024 * 1024;
/**
 * The maximum number of bytes of reports that wait for an access decision, or because earlier reports take long;
 * more than a reporter sends without an acknowledgement (`fullCharacters` in `unsent_reports.ts`, of up to three
 * bytes each).
 */
const QUEUE_BYTES = 16 * 1024 * 1024;

/** Options of a {@linkcode SocketSession}. */
export interface SocketSessionOptions {
  readonly context: HandlerContext;
  readonly request: Request;
  readonly visitor: Visitor;
  readonly socket: ReporterSocket;
  readonly commits: Commits;
  readonly clocks: ReporterClocks;
  /** Called with the number of reports of each batch. */
  readonly onReports: (count: number) => void;
}

/** A reporter that is connected over a socket. */
export class SocketSession {
  readonly #context: HandlerContext;
  readonly #socket: ReporterSocket;
  readonly #session: Session;
  readonly #visitor: Visitor;
  readonly #commits: Commits;
  readonly #onReports: (count: number) => void;
  /** The number of the last applied batch, and the number of the last acknowledged batch. */
  #taken = 0;
  #acknowledged = 0;
  #isCommitting = false;
  #queuedBytes = 0;
  /** The messages that are not applied yet; `null` if there are none. */
  #queue: Promise<void> | null = null;
  #isOver = false;
  /**
   * Whether a batch was ignored, because this node does not own its tasks. All later ones must be ignored, too, because
   * an acknowledgement covers all earlier batches.
   */
  #isOutdated = false;
  /** The timer of a batch that waits for the rate limit. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SocketSessionOptions) {
    const { context, request, visitor, socket, commits, clocks, onReports } = options;
    this.#context = context;
    this.#socket = socket;
    this.#visitor = visitor;
    this.#commits = commits;
    this.#onReports = onReports;
    this.#session = new Session(context, request, visitor, clocks, (reply) => this.reply(reply));
  }

  /** Begins the session, unless the reporter must first prove its id with a secret. */
  open(): void {
    if (this.#isOver) return this.#socket.close(CLOSE.goingAway);
    if (!this.#session.isProven) return;
    // Reports that arrive before the session is connected wait in the same queue as reports that wait for an
    // access decision.
    this.#enqueue(this.#session.connect()?.catch((error) => this.#failed(error)));
  }

  /**
   * Ends the session. Call this when the socket is closed or about to be closed; further calls do nothing.
   */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#session.disconnect();
  }

  close(code: number, reason: string): void {
    this.end();
    // If `close()` is called before a socket opens, Deno never closes the socket.
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(code, reason);
  }

  reply(reply: ReportReply): void {
    if (this.#isOver || this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.#socket.bufferedAmount > REPLY_BYTES) this.close(CLOSE.tryAgainLater, "Reading too slowly");
    else this.#socket.send(JSON.stringify(reply));
  }

  receive(data: unknown): void {
    if (this.#isOver || this.#isOutdated) return;
    const { limits: { reportBytes }, cluster } = this.#context;
    if (cluster?.ownsSome === false) return this.#outdated();
    const bytes = sizeOf(data);
    if (bytes > reportBytes) {
      return this.close(CLOSE.tooBig, `Messages must have at most ${reportBytes} bytes`);
    }
    const receivedAt = now();
    const before = this.#queue;
    if (before === null) return this.#enqueue(this.#attempt(data, receivedAt));
    this.#queuedBytes += bytes;
    if (this.#queuedBytes > QUEUE_BYTES) {
      const awaited = this.#session.takesAll ? "earlier ones" : "an access decision";
      return this.close(CLOSE.tryAgainLater, `Too many reports wait for ${awaited}`);
    }
    this.#enqueue(before.then(() => {
      this.#queuedBytes -= bytes;
      return this.#attempt(data, receivedAt);
    }));
  }

  /**
   * Makes later messages wait for a message that takes more than a turn of the event loop, so that messages
   * are applied in order.
   */
  #enqueue(work: Promise<void> | undefined): void {
    if (work === undefined) return;
    const queue: Promise<void> = work.then(() => {
      if (this.#queue === queue) this.#queue = null;
    });
    this.#queue = queue;
  }

  /** Ends a session on a node that does not own the tasks. */
  #outdated(): void {
    this.#isOutdated = true;
    // This node will close the socket soon, and the reporter will resend the reports that were not
    // acknowledged.
    if (this.#context.cluster!.isLeaving) return;
    // The tasks in the memory of this node may be outdated, so it must not refuse reports because of them.
    this.close(CLOSE.tryAgainLater, "Another node owns the tasks; connect again");
  }

  /** Applies a message. Neither throws nor rejects. */
  #attempt(data: unknown, receivedAt: number): Promise<void> | undefined {
    if (this.#isOver || this.#isOutdated) return undefined;
    try {
      return this.#take(data, receivedAt)?.catch((error) => this.#failed(error));
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #take(data: unknown, receivedAt: number): Promise<void> | undefined {
    const batch = parseBatch(parseJson(String(data)));
    if (!this.#session.isProven) {
      this.#session.prove(batch.secret);
      const connected = this.#session.connect();
      if (connected !== undefined) return connected.then(() => this.#takeInTurn(batch, receivedAt));
    }
    return this.#takeInTurn(batch, receivedAt);
  }

  /**
   * Applies a batch once the rate limits of its clients allow that. A reporter that sends too fast gets its
   * acknowledgements later.
   */
  #takeInTurn(batch: ReportBatch, receivedAt: number): Promise<void> | undefined {
    const { gate } = this.#context;
    if (!gate.hasKey) return this.#takeProven(batch, receivedAt);
    const clients = [...this.#session.clientsOf(batch)];
    const takeFrom = (index: number): Promise<void> | undefined => {
      for (; index < clients.length; index++) {
        const waitMs = gate.writeWaitMs(this.#visitor, clients[index]!);
        if (waitMs > 0) return this.#wait(waitMs).then(() => takeFrom(index));
      }
      return this.#takeProven(batch, receivedAt);
    };
    return takeFrom(0);
  }

  /** Resolves after a time, or never if the session ends before that time. */
  #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.#timer = setTimeout(resolve, milliseconds));
  }

  #takeProven(batch: ReportBatch, receivedAt: number): Promise<void> | undefined {
    const { batch: number, reports } = batch;
    const { cluster } = this.#context;
    if (
      cluster !== null && !this.#session.clientsOf(batch).values().every((client) => cluster.accepts(client))
    ) {
      this.#outdated();
      return undefined;
    }
    const taken = this.#session.take(batch, receivedAt);
    if (reports.length === 0) {
      this.reply({ type: "alive" });
      return undefined;
    }
    this.#onReports(reports.length);
    if (taken !== undefined) return taken.then(() => this.#acknowledge(number));
    this.#acknowledge(number);
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

/** Truncates the reason for closing a socket, which may have at most 123 bytes (RFC 6455, section 5.5). */
function shortReason(message: string): string {
  return message.replace(/[^\x20-\x7e]/g, "?").slice(0, 120);
}
