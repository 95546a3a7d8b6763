/**
 * Checks the certificates of other nodes, and tells the operator why a certificate is not accepted.
 *
 * @module
 */

import { monotonicMs } from "../../clock.ts";
import { ConfigError } from "../../errors.ts";

/**
 * The timeout of a probe of a node, and the minimum time between two probes of the same node, in
 * milliseconds.
 */
const PROBE_MS = 2_000;
const PAUSE_MS = 10_000;

/**
 * Patterns for the error messages of failed connections, and what each of them says about the node's
 * certificate.
 */
const PROBLEMS: readonly (readonly [RegExp, string])[] = [
  [
    /UnknownIssuer|BadSignature/,
    "an authority that this node doesn't trust has issued its certificate; name the authority's with --node-ca",
  ],
  [/Expired/, "its certificate has expired"],
  [/NotValidYet|not valid yet/, "its certificate is not valid yet"],
  [
    /not valid for name|NotValidForName/,
    "its certificate is for another host; --advertise must name a host that is in it",
  ],
  [/received corrupt message/, "it doesn't serve HTTPS there; start it with --cert and --tls-key"],
];

/** Options of {@linkcode NodeTls}. */
export interface NodeTlsOptions {
  /**
   * The certificates of an authority that is trusted in addition to public authorities, as PEM; `null` if
   * there is none.
   */
  readonly authority: string | null;
  /** Called with a message for the operator when the certificate of a node is not accepted. */
  readonly notice: (text: string) => void;
}

/** The TLS settings of connections to other nodes. */
export class NodeTls implements Disposable {
  /** The certificates of the authorities that are trusted in addition to public authorities, as PEM. */
  readonly caCerts: string[];
  /** The client that trusts the authority; `null` if no authority is given. */
  readonly #client: Deno.HttpClient | null;
  readonly #notice: (text: string) => void;
  /** When each node was probed last, by origin. */
  readonly #probedAtMs: Map<string, number> = new Map();
  /** The last message to the operator about each node, by the origin of the node. */
  readonly #said: Map<string, string> = new Map();

  /**
   * @param options the trusted authority, and the callback for messages
   * @throws {ConfigError} if the authority's certificates are malformed
   */
  constructor({ authority, notice }: NodeTlsOptions) {
    this.caCerts = authority === null ? [] : [authority];
    this.#notice = notice;
    try {
      this.#client = authority === null ? null : Deno.createHttpClient({ caCerts: this.caCerts });
    } catch (cause) {
      throw new ConfigError("Cannot use the certificate of --node-ca: it is malformed", { cause });
    }
  }

  /** Closes the client. */
  [Symbol.dispose](): void {
    this.#client?.close();
  }

  /** Sends a request to a node. */
  async fetch(url: string, sent: RequestInit): Promise<Response> {
    const client = this.#client === null ? {} : { client: this.#client };
    return await fetch(url, { ...sent, ...client });
  }

  /**
   * Finds out whether a node can't be reached because of its certificate, and if so, tells the operator once.
   *
   * @param address the address of the node
   */
  async explain(address: string): Promise<void> {
    const { origin, protocol } = new URL(address);
    const probedAtMs = this.#probedAtMs.get(origin) ?? -Infinity;
    if (protocol !== "https:" || monotonicMs() - probedAtMs < PAUSE_MS) return;
    this.#probedAtMs.set(origin, monotonicMs());
    const problem = await this.#problemOf(`${origin}/healthz`);
    if (problem === this.#said.get(origin)) return;
    if (problem === undefined) this.#said.delete(origin);
    else {
      this.#said.set(origin, problem);
      this.#notice(`Can't forward to the node at ${origin}: ${problem}`);
    }
  }

  async #problemOf(url: string): Promise<string | undefined> {
    try {
      const signal = AbortSignal.timeout(PROBE_MS);
      const response = await this.fetch(url, { redirect: "manual", signal });
      await response.body?.cancel();
      return undefined;
    } catch (error) {
      for (let cause = error; cause instanceof Error; cause = cause.cause) {
        const { message } = cause;
        const found = PROBLEMS.find(([pattern]) => pattern.test(message));
        if (found !== undefined) return found[1];
        const [, other] = /invalid peer certificate: (.+)/.exec(message) ?? [];
        if (other !== undefined) return `its certificate is not accepted: ${other}`;
      }
      return undefined;
    }
  }
}
