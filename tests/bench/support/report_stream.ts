/**
 * Sends batches of reports over one WebSocket, as a reporter does.
 *
 * @module
 */

import { UnsentReports } from "../../../lib/remote/unsent_reports.ts";
import { writeBatch } from "../../../lib/remote/messages.ts";
import type { ReportedChange } from "../../../lib/task/task.ts";
import { WrongWorkError } from "./harness.ts";
import { CLIENT } from "./records.ts";

/** The maximum number of batches that a reporter has sent over a WebSocket without an acknowledgement. */
const WINDOW = 32;

/** An encoded batch of reports. */
export interface ReadyBatch {
  readonly number: number;
  readonly text: string;
}

/** A writer that encodes reports and splits them into batches, as a reporter does. */
export class ReportWriter {
  readonly #outbox: UnsentReports = new UnsentReports();
  #seq = 0;

  /** Adds a report of a change. */
  add(id: string, change: ReportedChange): void {
    const report = { client: CLIENT, id, at: Date.now() / 1000, change, seq: ++this.#seq };
    this.#outbox.push(JSON.stringify(report));
  }

  /** Returns the batches of the reports that were added since the last call. */
  take(): ReadyBatch[] {
    const batches: ReadyBatch[] = [];
    for (let batch = this.#outbox.next(); batch !== undefined; batch = this.#outbox.next()) {
      batches.push({ number: batch.number, text: writeBatch(batch.number, batch.reports) });
    }
    this.#outbox.taken(Infinity);
    return batches;
  }
}

/** A WebSocket to which batches are sent; disposal closes it. */
export class ReportStream implements Disposable {
  readonly #socket: WebSocket;
  readonly #acknowledged: (message: string, sent: readonly ReadyBatch[]) => number;

  private constructor(
    socket: WebSocket,
    acknowledged: (message: string, sent: readonly ReadyBatch[]) => number,
  ) {
    this.#socket = socket;
    this.#acknowledged = acknowledged;
  }

  /**
   * Opens a WebSocket.
   *
   * @param url the address of the server
   * @param acknowledged returns how many of the unacknowledged batches a message acknowledges, beginning with the oldest
   */
  static async open(
    url: string,
    acknowledged: (message: string, sent: readonly ReadyBatch[]) => number,
  ): Promise<ReportStream> {
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new WrongWorkError(`Cannot open ${url}`));
    });
    return new ReportStream(socket, acknowledged);
  }

  /** Sends batches, and waits until all are acknowledged. */
  send(batches: readonly ReadyBatch[]): Promise<void> {
    let next = 0;
    let first = 0;
    return new Promise((resolve, reject) => {
      const pump = () => {
        while (next < batches.length && next - first < WINDOW) this.#socket.send(batches[next++]!.text);
        if (first === batches.length) resolve();
      };
      this.#socket.onclose = ({ reason }) => reject(new WrongWorkError(`The socket was closed: ${reason}`));
      this.#socket.onmessage = ({ data }) => {
        first += this.#acknowledged(data, batches.slice(first, next));
        pump();
      };
      pump();
    });
  }

  [Symbol.dispose](): void {
    this.#socket.onclose = null;
    this.#socket.close();
  }
}
