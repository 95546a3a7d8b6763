/**
 * Watchers of a real server's event stream that are disconnected at random, and resume with `Last-Event-ID`.
 *
 * @module
 */

import { messageOf } from "../event_messages.ts";
import { EventParser } from "../event_parser.ts";
import { type CrowdOptions, CrowdWatcher } from "./crowd.ts";
import type { WatcherModel } from "../watcher_model.ts";

/** A watcher that reads an event stream. */
export class EventCrowdWatcher extends CrowdWatcher {
  readonly #reading: Set<Promise<void>> = new Set();
  #controller: AbortController | null = null;

  constructor(options: CrowdOptions) {
    super(options, "A reader of events");
  }

  comeBack(): void {
    const { url } = this.options.place;
    if (this.#controller !== null || url === null) return;
    const controller = new AbortController();
    this.#controller = controller;
    const { model } = this;
    model.connect("delta");
    const reading = this.#read(url, model, controller.signal).catch((error) => {
      // When the server ends, it aborts its event streams.
      if (!controller.signal.aborted && !(error instanceof TypeError)) this.options.failed(error);
    }).finally(() => {
      this.#reading.delete(reading);
      // No matter why the stream ended, the watcher reconnects with the next beat.
      if (this.#controller === controller) this.#controller = null;
    });
    this.#reading.add(reading);
  }

  cut(): void {
    this.#controller?.abort();
    this.#controller = null;
  }

  drop(): void {
    this.cut();
  }

  watch(): void {
    // Nothing to do in a beat: an event stream receives messages without polling.
  }

  async closed(): Promise<void> {
    this.cut();
    await Promise.all(this.#reading);
  }

  async #read(url: string, model: WatcherModel, signal: AbortSignal): Promise<void> {
    const { cursor } = model;
    const headers: HeadersInit = cursor === null ? {} : { "last-event-id": cursor };
    const response = await fetch(`${url}/events/tasks/${this.client}`, { headers, signal });
    if (response.status !== 200) {
      await response.body?.cancel();
      // A server that is shutting down responds with 503.
      if (response.status !== 503) {
        throw new Error(`Unexpected status ${response.status} of the event stream`);
      }
      return;
    }
    const parser = new EventParser(cursor ?? "");
    let taken = 0;
    for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
      parser.push(text);
      for (; taken < parser.events.length && !signal.aborted; taken++) {
        const message = messageOf(parser.events[taken]!);
        if (message === null) continue;
        if (message.type === "resync") this.resyncCount++;
        model.receive(message);
      }
      if (signal.aborted) return;
    }
  }
}
