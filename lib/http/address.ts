/**
 * Determines the client address of a request, and the network that the address is in.
 *
 * @module
 */

/**
 * Returns the address of the client that sent a request, as reported by trusted proxies.
 *
 * @param request the request
 * @param peer the address at the other end of the connection; `""` if it is unknown
 * @param proxies the addresses of trusted proxies
 * @returns the last address on the way to this server that does not belong to a trusted proxy
 */
export function addressOf(request: Request, peer: string, proxies: ReadonlySet<string>): string {
  if (!proxies.has(peer)) return peer;
  // Each proxy appends the address of its peer. Addresses further to the left may be forged.
  const hops = (request.headers.get("x-forwarded-for") ?? "").split(",").map((hop) => hop.trim());
  return hops.findLast((hop) => hop !== "" && !proxies.has(hop)) ?? peer;
}

/**
 * Returns the network for which failed attempts are counted: a site that has one IPv6 address controls the
 * whole /64 (RFC 6177).
 *
 * @param address an IPv4 or IPv6 address
 * @returns the address itself if it is IPv4; the /64 of an IPv6 address
 */
export function addressGroup(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  // The URL parser converts every spelling of an IPv6 address to the canonical one.
  const canonical = address.includes(":")
    ? URL.parse(`http://[${address}]/`)?.hostname.slice(1, -1)
    : undefined;
  if (canonical === undefined) return address.slice(0, 64);
  const [head = "", tail] = canonical.split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = tail === undefined
    ? front
    : [...front, ...Array(8 - front.length - back.length).fill("0"), ...back];
  return `${groups.slice(0, 4).join(":")}::/64`;
}
