/**
 * Reports tasks to a cluster, over HTTP and by sinks, and keeps the ledger of what was acknowledged.
 *
 * @module
 */

import type { Task } from "../../../lib/task/task.ts";
import { RemoteSink } from "../../../lib/remote/remote_sink.ts";
import { wrap } from "../../../lib/reporter/wrap.ts";
import { withTimeout } from "../../../lib/timeout.ts";
import { shown } from "../crash/held.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import type { ClusterHome } from "./cluster_home.ts";

/** Options of {@linkcode Reports}. */
export interface ReportsOptions {
  readonly home: ClusterHome;
  /** Where reports are sent to. */
  readonly url: string;
  readonly client: string;
  readonly ledger: Acknowledgements;
  readonly random: () => number;
  /** The number of tasks that are reported over HTTP at the same time. */
  readonly width: number;
  /** The number of tasks that are reported by sinks, over WebSockets, at the same time. */
  readonly sinks: number;
  /** The number of tasks that each sink reports at the same time. */
  readonly tasksPerSink: number;
  /** The time between two updates of a task that a sink reports, in milliseconds. */
  readonly stepMs: number;
  /** How long an attempt over HTTP waits for its response, in milliseconds. */
  readonly attemptMs: number;
}

/** The number of updates of a task. */
const UPDATES = 8;
/** How long a report is retried, in milliseconds. */
const PATIENCE_MS = 40_000;
/** The pause between two attempts, in milliseconds. */
const RETRY_MS = 50;
/** The share of acknowledged reports after which the task is read from any node. */
const READ_RATE = 0.3;

/** Reports tasks until it is stopped; every report is sent again until it is acknowledged. */
export class Reports {
  readonly #options: ReportsOptions;
  /** Opens a connection for each request, so that each may go to another node. */
  readonly #http: Deno.HttpClient = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  readonly #lanes: Promise<void>[] = [];
  #runs = 0;
  #isOver = false;
  /** The ids of the tasks that sinks have reported to their end. */
  readonly sinkTasks: string[] = [];
  /** The attempts without an acknowledgement. */
  readonly failures: string[] = [];
  /** The number of reads from a node that followed an acknowledgement and were answered. */
  reads = 0;

  /** @param options the cluster, the ledger and the size of the load */
  constructor(options: ReportsOptions) {
    this.#options = options;
    for (let lane = 0; lane < options.width; lane++) this.#lanes.push(this.#repeat(() => this.#overHttp()));
    for (let lane = 0; lane < options.sinks; lane++) this.#lanes.push(this.#bySink());
  }

  /** Waits until a number of further reports are acknowledged. */
  async acknowledged(count: number): Promise<void> {
    const { ledger } = this.#options;
    const wanted = ledger.count + count;
    const end = performance.now() + PATIENCE_MS;
    while (ledger.count < wanted) {
      if (performance.now() > end) {
        throw new Error(`${wanted - ledger.count} of ${count} reports are not acknowledged`);
      }
      await pause(5);
    }
  }

  /** Waits until a number of further attempts have failed. */
  async failed(count: number): Promise<void> {
    const wanted = this.failures.length + count;
    while (this.failures.length < wanted) await pause(5);
  }

  /** Ends all tasks; resolves when every report is acknowledged. */
  async stop(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await Promise.all(this.#lanes);
    this.#http.close();
  }

  async #repeat(work: () => Promise<void>): Promise<void> {
    while (!this.#isOver) await work();
  }

  async #overHttp(): Promise<void> {
    const { ledger } = this.#options;
    const run = ++this.#runs;
    const id = `http-${run}`;
    const body = { id, name: "http", started: true, metadata: { run } };
    if (await this.#report("POST", "", id, body, 0) === null) return await pause(RETRY_MS);
    for (let n = 1; n <= UPDATES && !this.#isOver; n++) {
      await this.#report("PATCH", `/${id}`, id, { current: n, total: UPDATES, status: `at ${n}` }, n);
      const first = ledger.linesOf(id);
      const lines = [Acknowledgements.line(id, first), Acknowledgements.line(id, first + 1)];
      ledger.sending(id, first + 2);
      await this.#report("POST", `/${id}/logs`, id, { lines, first }, 0);
    }
    await this.#report("POST", `/${id}/finish`, id, { result: run }, 0);
  }

  /** Sends a report until it is acknowledged; returns the record, or `null` after a complaint. */
  async #report(
    method: string,
    path: string,
    id: string,
    fields: object,
    current: number,
  ): Promise<Task | null> {
    const { client, ledger } = this.#options;
    const url = `${this.#options.url}/tasks/${client}${path}`;
    // Reports of log lines need no `seq`, because the lines are numbered.
    let seq = Date.now() * 1_000;
    const end = performance.now() + PATIENCE_MS;
    for (let failures = 0; performance.now() < end; failures++) {
      const body = "lines" in fields ? fields : { ...fields, seq };
      const answer = await this.#send(method, url, body);
      const { json } = answer;
      const isLate = answer.status === 409 && json?.code === "late_report";
      const isOwn = isLate && failures > 0 && json.task.report_seq === seq;
      if (
        answer.status === 200 || answer.status === 201 || isOwn ||
        (failures > 0 && json?.code === "task_ended")
      ) {
        const task = json.task ?? json;
        ledger.acknowledged(task, current, "lines" in fields ? task.log_count : 0);
        await this.#readAnywhere(task);
        return task;
      }
      if (isLate) {
        seq = json.task.report_seq + 1;
        continue;
      }
      // A node that ends may not read the rest of a body.
      if (answer.status !== 0 && answer.status !== 408 && answer.status < 500) {
        ledger.complain(`${method} ${url} was refused: ${answer.status} ${JSON.stringify(json)}`);
        return null;
      }
      this.failures.push(`${method} ${url}: ${answer.status} ${json?.code ?? ""}`);
      await pause(RETRY_MS);
    }
    ledger.complain(`${method} ${url} (${id}) was not acknowledged within ${PATIENCE_MS} ms`);
    return null;
  }

  /** Reads a task that was acknowledged from any node: each must show it, unless it can't respond. */
  async #readAnywhere(acknowledged: Task): Promise<void> {
    const { home, client, ledger, random } = this.#options;
    if (random() > READ_RATE || home.up.length === 0) return;
    const member = home.up[Math.floor(random() * home.up.length)]!;
    const { id, version } = acknowledged;
    const { status, json } = await this.#send("GET", `${member.url}/tasks/${client}/${id}`);
    if (status === 0 || status === 503) return;
    this.reads++;
    if (status !== 200) {
      ledger.complain(`Node ${member.index} answered ${status} for ${id}, which is acknowledged`);
    } else if (json.version < version) {
      ledger.complain(`Node ${member.index} has an old ${id}: ${shown(json)}, not ${shown(acknowledged)}`);
    } else ledger.compare(`Node ${member.index}`, json);
  }

  /** Runs tasks one after another, all with one sink. */
  async #bySink(): Promise<void> {
    const { url, client, ledger } = this.#options;
    const { tasksPerSink, stepMs } = this.#options;
    using sink = new RemoteSink(url, { warn: () => {} });
    const reportTask = async () => {
      const run = ++this.#runs;
      const id = `sink-${run}`;
      const work = wrap(
        async (task) => {
          for (let n = 1; n <= UPDATES; n++) {
            task.log(Acknowledgements.line(id, n - 1));
            await task.update({ current: n, total: UPDATES, status: `at ${n}` });
            await pause(stepMs);
          }
          return run;
        },
        { name: "sink", client, id, metadata: { run } },
        () => sink,
      );
      await work();
      this.sinkTasks.push(id);
    };
    await Promise.all(Array.from({ length: tasksPerSink }, () => this.#repeat(reportTask)));
    const isDelivered = await withTimeout(sink.delivered().then(() => true), PATIENCE_MS);
    if (!isDelivered) ledger.complain("A sink could not deliver its reports");
  }

  /**
   * Sends a request; status 0 stands for a connection that failed or a response that did not come. The code is the
   * reason; without JSON, it is the beginning of the response.
   */
  async #send(method: string, url: string, body?: unknown) {
    const options = { method, client: this.#http, signal: AbortSignal.timeout(this.#options.attemptMs) };
    const content = body === undefined
      ? {}
      : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    try {
      const response = await fetch(url, { ...options, ...content });
      const text = await response.text();
      const isJson = response.headers.get("content-type")?.includes("json");
      return { status: response.status, json: isJson ? JSON.parse(text) : { code: text.slice(0, 100) } };
    } catch (error) {
      const { cause = "" } = error as Error;
      return { status: 0, json: { code: `${error} ${cause}` } };
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
