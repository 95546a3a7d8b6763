/**
 * Sends requests to a monitor without a server in between.
 *
 * @module
 */

import { createMonitor, type Monitor, type MonitorOptions } from "../../lib/mod.ts";
import type { Answer } from "./calls.ts";

/** Headers and body of a request. */
export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** A body that is sent as JSON. */
  readonly json?: unknown;
  /** A body that is sent unchanged, as the content of a form. */
  readonly form?: string;
  /** A body that is sent as plain text. */
  readonly text?: string;
}

const HOST = "127.0.0.1:8000";

/** A monitor whose request handler tests call directly. */
export class DirectMonitor implements AsyncDisposable {
  readonly monitor: Monitor;
  /** Unexpected errors that the monitor reported. */
  readonly errors: unknown[] = [];

  /** @param options the monitor's options */
  constructor(options: MonitorOptions = {}) {
    this.monitor = createMonitor({
      channel: `direct-${crypto.randomUUID()}`,
      onError: (error) => this.errors.push(error),
      ...options,
    });
  }

  /** Sends a request for a path below the root. */
  async ask(method: string, path: string, options: AskOptions = {}): Promise<Answer> {
    const response = await this.monitor.fetch(requestOf(method, path, options));
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(text) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Before Deno 2.8, a channel leaks if it is closed while it opens, which takes a few turns of the event loop.
    for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
    await this.monitor[Symbol.asyncDispose]();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** Creates a request as `Deno.serve` would pass it to the handler. */
export function requestOf(method: string, path: string, options: AskOptions = {}): Request {
  const { headers = {}, json, form, text } = options;
  const [type, body] = json !== undefined
    ? ["application/json", JSON.stringify(json)]
    : form !== undefined
    ? ["application/x-www-form-urlencoded", form]
    : ["text/plain", text];
  return new Request(`http://${HOST}${path}`, {
    method,
    headers: { host: HOST, ...(body !== undefined && { "content-type": type }), ...headers },
    ...(body !== undefined && { body }),
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
