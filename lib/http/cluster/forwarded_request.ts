/**
 * Restores a request that another node forwarded to the form in which it arrived at that node.
 *
 * @module
 */

import type { Vouched } from "../../access/forward_signer.ts";
import { FORWARDED } from "./headers.ts";

/** A request that another node forwarded. */
export class ForwardedRequest extends Request {
  /** The request as it arrived at this node, from which a WebSocket must be upgraded. */
  readonly original: Request;
  /** The host that the client sent the request to. The other node has checked this host. */
  readonly host: string;
  /** The address at the other end of the connection to the other node; `""` if it is unknown. */
  readonly peer: string;
  /**
   * The id of the other node if that node sent the request for itself; `null` if it forwards the request for
   * a client.
   */
  readonly sender: string | null;

  /**
   * @param original the request as it arrived at this node
   * @param target the path and query of the request
   * @param vouched the signed statements of the other node about the request
   */
  constructor(original: Request, target: string, { origin, peer, node, isOwn = false }: Vouched) {
    const headers = new Headers(original.headers);
    headers.delete(FORWARDED);
    const { host } = new URL(origin);
    headers.set("host", host);
    const { method, body } = original;
    super(`${origin}${target}`, { method, headers, body });
    this.original = original;
    this.host = host;
    this.peer = peer;
    this.sender = isOwn ? node : null;
  }
}
