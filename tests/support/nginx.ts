/**
 * Runs nginx as a reverse proxy, with a configuration in `.github/examples/`.
 *
 * @module
 */

import { makeCertificate } from "./certificate.ts";
import { type Process, spawn } from "./program.ts";
import { findTool } from "./tools.ts";

const EXAMPLES = new URL("../../.github/examples/", import.meta.url);

/** Differences from the documented configuration. */
export interface NginxOptions {
  /**
   * The port of a server that nginx serves below a path, or the ports of nodes that nginx serves at the root.
   */
  readonly port: number | readonly number[];
  /** Whether nginx terminates TLS, as the documented configuration does. */
  readonly tls?: boolean;
  /** Whether nginx blocks WebSocket upgrades. */
  readonly stripsUpgrades?: boolean;
  /** Whether nginx blocks event streams. */
  readonly blocksStreams?: boolean;
}

/** A running nginx. */
export class Nginx implements AsyncDisposable {
  /** The URL of the server behind nginx, with the path of the documented configuration. */
  readonly url: string;
  readonly #process: Process;
  readonly #folder: string;

  private constructor(url: string, process: Process, folder: string) {
    this.url = url;
    this.#process = process;
    this.#folder = folder;
  }

  /** Returns the contents of the error log of nginx. */
  async errors(): Promise<string> {
    return await Deno.readTextFile(`${this.#folder}/error.log`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }

  /**
   * Starts nginx.
   *
   * @param nginx the path of nginx
   * @param port the port that nginx listens on
   * @param options differences from the documented configuration
   */
  static async start(nginx: string, port: number, options: NginxOptions): Promise<Nginx> {
    const folder = await Deno.makeTempDir({ prefix: "taskscope-nginx-" });
    if (options.tls) await makeCertificate(folder);
    await Deno.writeTextFile(`${folder}/nginx.conf`, configOf(await siteOf(folder, port, options), folder));
    const process = spawn(nginx, ["-p", folder, "-c", `${folder}/nginx.conf`, "-e", `${folder}/error.log`]);
    await Promise.race([
      listening(port),
      process.ended().then(({ stderr }) => Promise.reject(new Error(stderr))),
    ]);
    const url = `${options.tls ? "https" : "http"}://127.0.0.1:${port}`;
    return new Nginx(typeof options.port === "number" ? `${url}/monitor` : url, process, folder);
  }
}

/** Returns the path of nginx; `undefined` if nginx, or openssl for TLS, is missing. */
export async function findNginx(
  { tls = false }: Pick<NginxOptions, "tls">,
): Promise<string | undefined> {
  if (tls && await findTool(["openssl"], "A test behind TLS") === undefined) return undefined;
  return await findTool(["/usr/sbin/nginx", "nginx"], "A test behind nginx");
}

async function siteOf(folder: string, port: number, options: NginxOptions): Promise<string> {
  const ports = typeof options.port === "number" ? [options.port] : options.port;
  const example = typeof options.port === "number" ? "nginx.conf" : "cluster/nginx.conf";
  let site = await Deno.readTextFile(new URL(example, EXAMPLES));
  const change = (from: string | RegExp, to: string) => {
    const changed = site.replace(from, to);
    if (changed === site) throw new Error(`The example configuration has no ${from}`);
    site = changed;
  };
  change("listen 443 ssl http2;", `listen 127.0.0.1:${port}${options.tls ? " ssl http2" : ""};`);
  const places = Array.from(site.matchAll(/127\.0\.0\.1:80\d\d/g), ([place]) => place);
  if (places.length !== ports.length) throw new Error(`${example} has ${places.length} servers`);
  for (const [n, place] of places.entries()) change(place, `127.0.0.1:${ports[n]}`);
  if (options.tls) {
    change(/(?<=ssl_certificate +)\S+;/, `${folder}/cert.pem;`);
    change(/(?<=ssl_certificate_key +)\S+;/, `${folder}/key.pem;`);
  } else change(/^ *ssl_.*\n/gm, "");
  if (options.stripsUpgrades) change(/^ *proxy_set_header (Upgrade|Connection) .*\n/gm, "");
  if (options.blocksStreams) change("  location ", "  location ~ /events/ { return 403; }\n  location ");
  return site;
}

function configOf(site: string, folder: string): string {
  const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `daemon off;
pid ${folder}/nginx.pid;
worker_processes 1;
events {}
http {
access_log off;
${places.map((place) => `${place}_temp_path ${folder}/${place};`).join("\n")}
${site}
}
`;
}

/** Resolves once a server listens on the port. */
async function listening(port: number): Promise<void> {
  for (;;) {
    try {
      using _ = await Deno.connect({ hostname: "127.0.0.1", port });
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
