/**
 * Selects the headers that a node passes on between a client and the owner of the tasks.
 *
 * @module
 */

/**
 * The name of the header with the signed statements of the node that forwards a request. In a response, the
 * header means that the node has not handled the request at all.
 */
export const FORWARDED = "taskscope-forwarded";

/**
 * Matches the headers of a single connection (RFC 9110, section 7.6.1), and the headers that each node sets
 * itself.
 */
const OWN =
  /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|date|taskscope-forwarded)$/;
/** Matches the headers of a request that depend on the connection or on the encoding of the body. */
const OWN_OF_REQUEST =
  /^(host|content-length|expect|accept-encoding|sec-websocket-(key|version|extensions))$/;

/**
 * Returns the headers of a request to pass on to the owner.
 *
 * @param headers the headers of the client's request
 */
export function requestHeaders(headers: Headers): Headers {
  const passed = responseHeaders(headers);
  for (const name of [...passed.keys()]) if (OWN_OF_REQUEST.test(name)) passed.delete(name);
  return passed;
}

/**
 * Returns the headers of a response to pass on to the client.
 *
 * @param headers the headers of the owner's response
 */
export function responseHeaders(headers: Headers): Headers {
  const passed = new Headers(headers);
  const named = (headers.get("connection") ?? "").toLowerCase().split(",").map((name) => name.trim());
  for (const name of [...passed.keys()]) if (OWN.test(name) || named.includes(name)) passed.delete(name);
  return passed;
}
