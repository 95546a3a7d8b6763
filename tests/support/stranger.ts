/**
 * A server that is not Taskscope.
 *
 * @module
 */

/** A server that sends the same response to every request, and records the requests. */
export class Stranger implements AsyncDisposable {
  /** The requests so far, such as `POST /report`. */
  readonly asked: string[] = [];
  /** Returns the response to each further request. */
  answer: () => Response | Promise<Response>;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** @param answer returns the response to each request */
  constructor(answer: () => Response | Promise<Response>) {
    this.answer = answer;
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      this.asked.push(`${request.method} ${new URL(request.url).pathname}`);
      await request.body?.cancel();
      return await this.answer();
    });
  }

  get port(): number {
    return this.#server.addr.port;
  }

  /** The address of the server, such as `http://127.0.0.1:1234`. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
