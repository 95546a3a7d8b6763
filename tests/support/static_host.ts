/**
 * A host of files that knows nothing but files, as there are many.
 *
 * @module
 */

/** Serves files, to pages of every origin. */
export class StaticHost implements AsyncDisposable {
  /** By their paths. */
  readonly files: Map<string, { readonly body: string; readonly type: string }> = new Map();
  /** What was asked for: `GET /index.html`. */
  readonly asked: string[] = [];
  /** What it answers to anything but GET. */
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
    // Which browsers ask for by themselves.
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
