/**
 * A watcher of a hub that records its messages.
 *
 * @module
 */

import type { Watcher } from "../../lib/hub/hub.ts";
import type { Task } from "../../lib/task/task.ts";

/** A message of the stream; its fields depend on its type. */
export interface ReceivedMessage {
  readonly type: string;
  readonly cursor: string;
  readonly active_tasks: readonly Task[];
  readonly all_tasks: Readonly<Record<string, Task>>;
  readonly tasks: readonly Task[];
  readonly removed: readonly string[];
  readonly id: string;
  readonly state: string;
  readonly progress: number | null;
}

/** A watcher that records every message, and can simulate a slow consumer. */
export class RecordingWatcher implements Watcher {
  saturated = false;
  /** The text of the messages sent so far. */
  readonly texts: string[] = [];
  /** How often the hub called `close()`. */
  ends = 0;
  readonly #onSend: () => void;

  /** @param onSend called by each `send()`, after the message is recorded */
  constructor(onSend: () => void = () => {}) {
    this.#onSend = onSend;
  }

  /** The messages sent so far. */
  get messages(): ReceivedMessage[] {
    return this.texts.map((text) => JSON.parse(text));
  }

  /** The types of the messages sent so far. */
  get types(): string[] {
    return this.messages.map(({ type }) => type);
  }

  /** The newest message. */
  get last(): ReceivedMessage {
    return this.messages.at(-1)!;
  }

  /** The cursor of the newest message. */
  get cursor(): { readonly epoch: string; readonly seq: number } {
    const [epoch, seq] = this.last.cursor.split(":");
    return { epoch: epoch!, seq: Number(seq) };
  }

  send(message: string): void {
    this.texts.push(message);
    this.#onSend();
  }

  end(): void {
    this.ends++;
  }

  fail(error: unknown): void {
    throw error;
  }
}
