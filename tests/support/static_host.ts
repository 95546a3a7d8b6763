/**
 * A web server of static files, such as a host of a user's page.
 *
 * @module
 */

/** A server of static files that pages of any origin may fetch. */
export class StaticHost implements AsyncDisposable {
  /** The files to serve, by path. */
  readonly files: Map<string, { readonly body: string; readonly type: string }> = new Map();
  /** The requests so far, such as `GET /index.html`. */
  readonly asked: string[] = [];
  /** The status of responses to methods other than GET. */
  wrongMethod = 405;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
  }

  /** The origin of the server, such as `http://127.0.0.1:1234`. */
  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    // Browsers request the icon of every site, so these requests are not recorded.
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
