/**
 * A webhook receiver: a real server that records requests.
 *
 * @module
 */

import { createHmac, timingSafeEqual } from "node:crypto";

/** A received request. */
export interface Received {
  readonly method: string;
  /** The path with the query. */
  readonly path: string;
  readonly headers: Headers;
  /** The body, as text. */
  readonly text: string;
  // deno-lint-ignore no-explicit-any -- tests compare its fields
  readonly json: any;
}

/** Returns the response to the n-th request, counted from 1. */
export type Answering = (received: Received, n: number) => Response | Promise<Response>;

/** How long a test waits for requests, in milliseconds. */
const DEADLINE_MS = 60_000;

// The real functions, stored before a test replaces them by fakes.
const { setTimeout, clearTimeout } = globalThis;

/** A webhook receiver on this machine. */
export class TestReceiver implements AsyncDisposable {
  /** All requests received so far. */
  readonly received: Received[] = [];
  /** Returns the response to each further request; 204 by default. */
  answer: Answering = () => new Response(null, { status: 204 });
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #listeners: Set<() => void> = new Set();
  readonly #held: PromiseWithResolvers<Response>[] = [];

  /** @param port the port to listen on; a free one by default */
  constructor(port = 0) {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, async (request) => {
      const { pathname, search } = new URL(request.url);
      const text = await request.text();
      const { method, headers } = request;
      const received = { method, path: pathname + search, headers, text, json: parsed(text) };
      this.received.push(received);
      const answer = this.answer(received, this.received.length);
      for (const listener of this.#listeners) listener();
      return await answer;
    });
  }

  get port(): number {
    return this.#server.addr.port;
  }

  /** The origin of the receiver. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The task ids in the requests so far, in order. */
  get tasks(): string[] {
    return this.received.map(({ json }) => json.task.id);
  }

  /** Returns a response that is held back until {@linkcode TestReceiver.letGo} is called. */
  hold(): Promise<Response> {
    const held = Promise.withResolvers<Response>();
    this.#held.push(held);
    return held.promise;
  }

  /** Sends all responses that are held back. */
  letGo(status = 204): void {
    for (const { resolve } of this.#held.splice(0)) resolve(new Response(null, { status }));
  }

  /** Resolves with the n-th request; rejects if it does not arrive within 20 s. */
  async count(n: number): Promise<Received> {
    const enough = Promise.withResolvers<void>();
    const look = () => this.received.length >= n && enough.resolve();
    const timer = setTimeout(() => {
      enough.reject(new Error(`Only ${this.received.length} of ${n} requests arrived`));
    }, DEADLINE_MS);
    this.#listeners.add(look);
    look();
    await enough.promise.finally(() => {
      clearTimeout(timer);
      this.#listeners.delete(look);
    });
    return this.received[n - 1]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.letGo();
    await this.#server.shutdown();
  }
}

/** Whether a request is signed with a secret; checked with Node's crypto, not with the code under test. */
export function isSigned({ headers, text }: Received, secret: string): boolean {
  const signature = headers.get("taskscope-signature") ?? "";
  const signed = `${headers.get("taskscope-timestamp")}.${text}`;
  const wanted = `v1=${createHmac("sha256", secret).update(signed).digest("hex")}`;
  return signature.length === wanted.length &&
    timingSafeEqual(new TextEncoder().encode(signature), new TextEncoder().encode(wanted));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
