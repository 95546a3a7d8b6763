/**
 * A package registry on this machine, from which npm installs archives.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";

/** A registry that responds to the requests of `npm install`; disposal stops it. */
export class NpmRegistry implements AsyncDisposable {
  readonly #archives: Map<string, Uint8Array<ArrayBuffer>> = new Map();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** @param archives compressed packages, of different names */
  constructor(archives: readonly Uint8Array<ArrayBuffer>[]) {
    for (const archive of archives) this.#archives.set(manifestOf(archive).name, archive);
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(decodeURIComponent(new URL(request.url).pathname.slice(1))),
    );
  }

  /**
   * Returns the environment of an npm that uses only this registry.
   *
   * @param cache the folder of npm's cache
   */
  environment(cache: string): Record<string, string> {
    return {
      npm_config_registry: this.#url,
      npm_config_cache: cache,
      npm_config_audit: "false",
      npm_config_fund: "false",
      npm_config_update_notifier: "false",
    };
  }

  get #url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  #answer(path: string): Response {
    const name = path.replace(/\.tgz$/, "");
    const archive = this.#archives.get(name);
    if (archive === undefined) return Response.json({ error: "Not found" }, { status: 404 });
    if (path !== name) return new Response(archive);
    const manifest = manifestOf(archive);
    const integrity = `sha512-${createHash("sha512").update(archive).digest("base64")}`;
    return Response.json({
      name,
      "dist-tags": { latest: manifest.version },
      versions: {
        [manifest.version]: { ...manifest, dist: { integrity, tarball: `${this.#url}${name}.tgz` } },
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Reads the first file of a package, `package.json`. */
function manifestOf(archive: Uint8Array): { readonly name: string; readonly version: string } {
  const tar = gunzipSync(archive);
  const text = (from: number, to: number) => new TextDecoder().decode(tar.subarray(from, to));
  const size = Number.parseInt(text(124, 135), 8);
  return JSON.parse(text(512, 512 + size));
}
