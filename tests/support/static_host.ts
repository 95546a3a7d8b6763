/**
 * A static file host.
 *
 * @module
 */

/** Serves files to pages of any origin. */
export class StaticHost implements AsyncDisposable {
  /** The files by path. */
  readonly files: Map<string, { readonly body: string; readonly type: string }> = new Map();
  /** The requests, such as `GET /index.html`. */
  readonly asked: string[] = [];
  /** The response to other methods than GET. */
  wrongMethod = 405;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
  }

  /** Its origin: `http://127.0.0.1:1234`. */
  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    // Browsers request it by themselves.
    if (pathname === "/favicon.ico") return new Response(null, { status: 204 });
    this.asked.push(`${request.method} ${pathname}`);
    await request.body?.cancel();
    if (request.method !== "GET") return new Response(null, { status: this.wrongMethod });
    const file = this.files.get(pathname);
    if (file === undefined) return new Response("Not found", { status: 404 });
    return new Response(file.body, {
      headers: { "content-type": file.type, "access-control-allow-origin": "*" },
    });
  }
}
