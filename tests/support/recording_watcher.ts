/**
 * Somebody who watches and writes down what comes.
 *
 * @module
 */

import type { Watcher } from "../../lib/hub/hub.ts";
import type { Task } from "../../lib/task/task.ts";

/** Any message of the stream; which fields there are depends on the type. */
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

/** Keeps every message, and may be told to be slow. */
export class RecordingWatcher implements Watcher {
  saturated = false;
  /** As they came. */
  readonly texts: string[] = [];
  /** How often it was told that nothing follows. */
  ends = 0;
  readonly #onSend: () => void;

  /** @param onSend called within each `send()`, after the message was kept */
  constructor(onSend: () => void = () => {}) {
    this.#onSend = onSend;
  }

  /** The messages so far. */
  get messages(): ReceivedMessage[] {
    return this.texts.map((text) => JSON.parse(text));
  }

  /** The types of the messages so far. */
  get types(): string[] {
    return this.messages.map(({ type }) => type);
  }

  /** The newest message. */
  get last(): ReceivedMessage {
    return this.messages.at(-1)!;
  }

  /** The position of the newest message. */
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
}
