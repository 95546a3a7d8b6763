/**
 * Where requests come from.
 *
 * @module
 */

/**
 * The address that a request came from.
 *
 * @param request what came
 * @param peer the address at the other end of the connection; empty where it is unknown
 * @param proxies the addresses of proxies whose word is taken
 * @returns the address nearest to us that is none of a proxy's
 */
export function addressOf(request: Request, peer: string, proxies: ReadonlySet<string>): string {
  if (!proxies.has(peer)) return peer;
  // Each proxy adds the one that it heard of; what stands further left may be made up.
  const hops = (request.headers.get("x-forwarded-for") ?? "").split(",").map((hop) => hop.trim());
  return hops.findLast((hop) => hop !== "" && !proxies.has(hop)) ?? peer;
}

/**
 * What is taken for one and the same place: of IPv6, whoever has one address has the 64 bits behind it, too (RFC 6177).
 *
 * @param address as text
 */
export function addressGroup(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  // As URLs write it, every address has one spelling.
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
