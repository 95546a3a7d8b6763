/**
 * Restores a request that another node forwarded as it arrived there.
 *
 * @module
 */

import type { Vouched } from "../../access/forward_signer.ts";
import { FORWARDED } from "./headers.ts";

/** A request that another node forwarded. */
export class ForwardedRequest extends Request {
  /** The request as it arrived at this node, which a WebSocket is upgraded from. */
  readonly original: Request;
  /** The host that the request was sent to, which the other node has checked. */
  readonly host: string;
  /** The address at the other end of the connection to the other node; `""` if it is unknown. */
  readonly peer: string;
  /** The id of the other node if the request is its own; `null` if the node forwards it for a client. */
  readonly sender: string | null;

  /**
   * @param original the request as it arrived at this node
   * @param target its path and query
   * @param vouched what the other node vouches for
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
