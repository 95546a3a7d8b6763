/**
 * A reporter's WebSocket that a test controls message by message.
 *
 * @module
 */

import type { ReportedChange } from "../../lib/task/task.ts";
import { createChange } from "./changes.ts";
import { type SocketMessage, TestSocket } from "./socket.ts";

/** A reporter's id. */
export const REPORTER = "reporter-0001";

/** A report as sent over the wire. */
export function reportOf(id: string, change: ReportedChange, seq?: number, client = "c"): unknown {
  return { client, id, at: Date.now() / 1000, change, ...(seq !== undefined && { seq }) };
}

/** The report that creates a task. */
export function creation(id: string, seq?: number, client = "c"): unknown {
  return reportOf(id, createChange(), seq, client);
}

/** A reporter's socket. */
export class ReportSocket extends TestSocket {
  #batch = 0;

  /**
   * @param url the server
   * @param reporter its id
   */
  constructor(url: string, reporter = REPORTER) {
    super(`${url}/ws/report?reporter=${reporter}`);
  }

  /** Sends reports as one batch; returns its number. */
  report(...reports: readonly unknown[]): number {
    this.send(JSON.stringify({ batch: ++this.#batch, reports }));
    return this.#batch;
  }

  /** Resolves when a batch and all before it are acknowledged. */
  async taken(batch: number): Promise<void> {
    await this.find((message) => message.type === "taken" && batchOf(message) >= batch);
  }

  /** The numbers of the acknowledged batches. */
  get acknowledged(): number[] {
    return this.messages.filter(({ type }) => type === "taken").map(batchOf);
  }

  /** The other messages from the server. */
  get told(): unknown[] {
    return this.messages.filter(({ type }) => type !== "taken");
  }
}

function batchOf(message: SocketMessage): number {
  return (message as unknown as { readonly batch: number }).batch;
}
