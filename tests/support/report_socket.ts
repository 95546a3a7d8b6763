/**
 * A reporter's WebSocket that a test controls message by message.
 *
 * @module
 */

import type { ReportedChange } from "../../lib/task/task.ts";
import { createChange } from "./changes.ts";
import { type SocketMessage, TestSocket } from "./socket.ts";

/** The default id of the reporter. */
export const REPORTER = "reporter-0001";

/** Returns a report in the form in which it is sent. */
export function reportOf(id: string, change: ReportedChange, seq?: number, client = "c"): unknown {
  return { client, id, at: Date.now() / 1000, change, ...(seq !== undefined && { seq }) };
}

/** Returns the report that creates a task. */
export function creation(id: string, seq?: number, client = "c"): unknown {
  return reportOf(id, createChange(), seq, client);
}

/** The WebSocket of a reporter. */
export class ReportSocket extends TestSocket {
  #batch = 0;

  /**
   * @param url the address of the server
   * @param reporter the id of the reporter
   * @param protocols the subprotocols to offer
   */
  constructor(url: string, reporter = REPORTER, protocols: string[] = []) {
    super(`${url}/ws/report?reporter=${reporter}`, protocols);
  }

  /** Sends reports as one batch; returns the number of the batch. */
  report(...reports: readonly unknown[]): number {
    this.send(JSON.stringify({ batch: ++this.#batch, reports }));
    return this.#batch;
  }

  /** Resolves when the server has acknowledged a batch, and thereby all before it. */
  async taken(batch: number): Promise<void> {
    await this.find((message) => message.type === "taken" && batchOf(message) >= batch);
  }

  /** The batch numbers in the acknowledgements so far. */
  get acknowledged(): number[] {
    return this.messages.filter(({ type }) => type === "taken").map(batchOf);
  }

  /** The messages from the server so far, except acknowledgements. */
  get told(): unknown[] {
    return this.messages.filter(({ type }) => type !== "taken");
  }
}

function batchOf(message: SocketMessage): number {
  return (message as unknown as { readonly batch: number }).batch;
}
