/**
 * A webhook receiver: a real server that records requests.
 *
 * @module
 */

import { createHmac, timingSafeEqual } from "node:crypto";

/** A received request. */
export interface Received {
  readonly method: string;
  /** The path, with its query. */
  readonly path: string;
  readonly headers: Headers;
  /** The body, as text. */
  readonly text: string;
  // deno-lint-ignore no-explicit-any -- tests compare what is in it
  readonly json: any;
}

/** The response to the n-th request, from 1. */
export type Answering = (received: Received, n: number) => Response | Promise<Response>;

/** How long a test waits for requests, in milliseconds. */
const DEADLINE_MS = 20_000;

// Kept before a test replaces them by fakes.
const { setTimeout, clearTimeout } = globalThis;

/** A server on a free port of this machine. */
export class TestReceiver implements AsyncDisposable {
  /** Every request so far. */
  readonly received: Received[] = [];
  /** The response to further requests; 204 by default. */
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

  /** Its origin. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The task ids of the requests, in order. */
  get tasks(): string[] {
    return this.received.map(({ json }) => json.task.id);
  }

  /** A response that is held until the receiver is released. */
  hold(): Promise<Response> {
    const held = Promise.withResolvers<Response>();
    this.#held.push(held);
    return held.promise;
  }

  /** Sends all held responses. */
  letGo(status = 204): void {
    for (const { resolve } of this.#held.splice(0)) resolve(new Response(null, { status }));
  }

  /** Resolves with the n-th request; rejects if it does not arrive within 20 s. */
  async count(n: number): Promise<Received> {
    const enough = Promise.withResolvers<void>();
    const look = () => this.received.length >= n && enough.resolve();
    const timer = setTimeout(() => {
      enough.reject(new Error(`Only ${this.received.length} of ${n} requests came`));
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

/** Whether a request is signed with a secret; uses a different implementation than the program. */
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
