/**
 * Applies the reports of one reporter in another process, and refuses reports for which it has no permission.
 *
 * @module
 */

import { scopeOf } from "../../access/grant.ts";
import { ProtocolError } from "../../errors.ts";
import { ReportIntake } from "../../registry/report_intake.ts";
import { andThen } from "../../task/maybe_promise.ts";
import { nodeReporterId, type Reporter } from "../../registry/registry_types.ts";
import { isReporterId, type ReportBatch, type ReportReply } from "../../remote/messages.ts";
import { hasSecret, provesIdentity } from "../../remote/reporter_identity.ts";
import { yieldToEventLoop } from "../../reporter/yield.ts";
import { parseKey, parseNodeReport, parseReport, type Report } from "../../task/protocol.ts";
import type { HandlerContext } from "../context.ts";
import type { Gate, Visitor } from "../gate.ts";
import { Problem } from "../problem.ts";
import { paramsOf } from "../route.ts";
import { type ReporterClock, type ReporterClocks, shifted } from "./reporter_clocks.ts";

/**
 * The time after which the remaining reports of a batch are applied in later turns of the event loop, in
 * milliseconds.
 */
const MAX_STRETCH_MS = 40;

/** The session of a connected reporter. */
export class Session implements Reporter {
  readonly id: string;
  readonly isRemote = true;
  readonly isBrief: boolean;
  readonly #context: HandlerContext;
  readonly #intake: ReportIntake;
  readonly #clock: ReporterClock;
  /** The clock offset to add to the times of the reports in the current batch, in seconds. */
  #offset = 0;
  readonly #reply: (reply: ReportReply) => void;
  /** Decides whether the reporter may report a task; `null` if the reporter may report every task. */
  readonly #mayReport: ReturnType<Gate["reportsOf"]>;
  /** The network of the reporter; `null` if the network has no share of the limit on clients. */
  readonly #network: string | null;
  /** Whether the reporter is a node of the cluster. */
  readonly #isNode: boolean;
  #isProven: boolean;
  #isOver = false;

  /**
   * @param context the parts of the monitor to use
   * @param request the request of the reporter
   * @param visitor the sender of the request
   * @param clocks the clocks of all reporters
   * @param reply sends a reply to the reporter
   * @param isBrief whether the session lasts for one request
   */
  constructor(
    context: HandlerContext,
    request: Request,
    visitor: Visitor,
    clocks: ReporterClocks,
    reply: (reply: ReportReply) => void,
    isBrief = false,
  ) {
    this.isBrief = isBrief;
    this.id = reporterFrom(request, visitor);
    this.#isProven = !hasSecret(this.id);
    this.#clock = clocks.of(this.id, scopeOf(visitor.grant));
    this.#context = context;
    this.#isNode = visitor.node !== undefined;
    this.#network = this.#isNode ? null : context.shares?.networkOf(request, visitor.peer) ?? null;
    this.#mayReport = context.gate.reportsOf(visitor, request);
    this.#reply = reply;
    this.#intake = new ReportIntake(context.registry, this);
  }

  cancelRequested(client: string, id: string): void {
    this.#reply({ type: "cancel", client, id });
  }

  /** Does nothing, because the tasks of a remote reporter continue without the server. */
  interrupted(): void {}

  /** Whether the reporter has proved its id, or has an id that needs no proof. */
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
   * Registers the reporter as reachable, and tells it which of the tasks that it may report were cancelled in
   * the meantime. Synchronous if no access decision is needed.
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

  /**
   * Returns the clients whose tasks a batch changes, each once.
   *
   * @throws {ProtocolError} if a report does not name a valid task
   */
  clientsOf({ reports }: ReportBatch): ReadonlySet<string> {
    return new Set(reports.map((value) => keyOf(value).client));
  }

  /**
   * Whether the reporter may report every task, so that none of its reports has to wait for an access
   * decision.
   */
  get takesAll(): boolean {
    return this.#mayReport === null;
  }

  /**
   * Applies the reports of a batch; batches are applied one after the other. Synchronous if no report needs
   * an access decision and the batch takes little time.
   *
   * @param batch the batch, whose reports are not validated yet
   * @param receivedAt when the batch was received, in epoch seconds
   * @returns a promise if not all reports are applied yet
   * @throws {ProtocolError} if a report does not name a valid task
   */
  take(batch: ReportBatch, receivedAt: number): Promise<void> | undefined {
    this.#offset = this.#clock.offsetOf(batch, receivedAt);
    const values = batch.reports;
    if (this.#mayReport !== null) return this.#takeAllowed(values, this.#mayReport);
    const startMs = Date.now();
    for (let index = 0; index < values.length; index++) {
      const isLong = Date.now() - startMs > MAX_STRETCH_MS;
      if (isLong && !completes(values, index)) return this.#takeRest(values.slice(index));
      const taken = this.#takeOne(values[index]);
      if (taken !== undefined) return taken.then(() => this.#takeRest(values.slice(index + 1)));
    }
    return undefined;
  }

  async #takeRest(values: readonly unknown[]): Promise<void> {
    for (let index = 0; index < values.length; index++) {
      if (!completes(values, index)) await yieldToEventLoop(Date.now());
      // If the reporter has disconnected in the meantime, it will resend the remaining reports.
      if (this.#isOver) return;
      await this.#takeOne(values[index]);
    }
  }

  async #takeAllowed(
    values: readonly unknown[],
    mayReport: NonNullable<ReturnType<Gate["reportsOf"]>>,
  ): Promise<void> {
    for (const [index, value] of values.entries()) {
      const { client, id } = keyOf(value);
      if (!completes(values, index)) await yieldToEventLoop(Date.now());
      const parentId = parentOf(value);
      // A subtask changes the progress of its parent, so creating a subtask needs the permission to report
      // the parent as well.
      const isAllowed = await mayReport(client, id) &&
        (parentId === null || await mayReport(client, parentId));
      // If the reporter has disconnected in the meantime, it will resend the remaining reports.
      if (this.#isOver) return;
      if (isAllowed) await this.#takeOne(value);
      else {
        const reason = parentId === null ? "no access to this task" : "no access to this task or its parent";
        this.#reply({ type: "refused", client, id, reason });
      }
    }
  }

  /**
   * Applies a report. Returns a promise only if the reply to the reporter needs the record of an ended task,
   * which must be read from the store.
   */
  #takeOne(value: unknown): Promise<void> | undefined {
    let report: Report;
    try {
      report = shifted(this.#isNode ? parseNodeReport(value) : parseReport(value), this.#offset);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      // An invalid report may come from a newer version of the library, so it does not affect the reports of
      // other tasks.
      this.#reply({ type: "refused", ...keyOf(value), reason: error.message });
      return undefined;
    }
    const { client, id } = report;
    try {
      if (report.change.type === "create") this.#context.shares?.claim(client, this.#network);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#reply({ type: "refused", client, id, reason: error.message });
      return undefined;
    }
    const command = this.#intake.take(report);
    if (command === null) return undefined;
    const replied = andThen(this.#intake.replies(report, command), (commands) => {
      for (const each of commands) this.#reply(each);
    });
    return replied instanceof Promise ? replied : undefined;
  }
}

/**
 * Returns the id of the reporter that sent a request.
 *
 * @param request the request
 * @param visitor the sender of the request; a node has a reporter id of its own, which no query can give
 * @throws {Problem} 400 if the query has no valid id
 */
export function reporterFrom(request: Request, { node }: Pick<Visitor, "node"> = {}): string {
  if (node !== undefined) return nodeReporterId(node);
  const reporter = paramsOf(request).get("reporter") ?? "";
  if (isReporterId(reporter)) return reporter;
  throw new Problem("bad_reporter", 'The parameter "reporter" must be 8 to 64 characters of A-Z a-z 0-9 _ -');
}

function keyOf(value: unknown): { readonly client: string; readonly id: string } {
  const { client, id } = (value ?? {}) as { readonly client?: unknown; readonly id?: unknown };
  return parseKey(client, id);
}

/** Returns the id of the parent in a report that creates a task; `null` if there is none. */
function parentOf(value: unknown): string | null {
  if (!creates(value)) return null;
  const { parent_id: parentId } = (value as { readonly change: { readonly parent_id?: unknown } }).change;
  return typeof parentId === "string" ? parentId : null;
}

/**
 * Returns whether a report directly follows a report that creates a task: usually, the second report starts
 * the task, and watchers should see both changes at once.
 */
function completes(values: readonly unknown[], index: number): boolean {
  return creates(values[index - 1]) && !creates(values[index]);
}

/** Returns whether a report creates a task. */
function creates(value: unknown): boolean {
  return (value as { readonly change?: { readonly type?: unknown } } | null | undefined)?.change?.type ===
    "create";
}
