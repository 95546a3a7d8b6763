/**
 * Sends batches of reports over one socket, as a reporter does.
 *
 * @module
 */

import { UnsentReports } from "../../../lib/remote/unsent_reports.ts";
import { writeBatch } from "../../../lib/remote/messages.ts";
import type { ReportedChange } from "../../../lib/task/task.ts";
import { WrongWorkError } from "./harness.ts";
import { CLIENT } from "./records.ts";

/** Most unacknowledged batches of a reporter over a socket. */
const WINDOW = 32;

/** An encoded batch. */
export interface ReadyBatch {
  readonly number: number;
  readonly text: string;
}

/** Encodes reports and splits them into batches, as a reporter does. */
export class ReportWriter {
  readonly #outbox: UnsentReports = new UnsentReports();
  #seq = 0;

  /** Adds a report. */
  add(id: string, change: ReportedChange): void {
    const report = { client: CLIENT, id, at: Date.now() / 1000, change, seq: ++this.#seq };
    this.#outbox.push(JSON.stringify(report));
  }

  /** The batches of the reports added since the last call. */
  take(): ReadyBatch[] {
    const batches: ReadyBatch[] = [];
    for (let batch = this.#outbox.next(); batch !== undefined; batch = this.#outbox.next()) {
      batches.push({ number: batch.number, text: writeBatch(batch.number, batch.reports) });
    }
    this.#outbox.taken(Infinity);
    return batches;
  }
}

/** A socket; closed when disposed of. */
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
   * Opens a socket.
   *
   * @param url where
   * @param acknowledged how many of the oldest batches that are on their way a message takes off it
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
