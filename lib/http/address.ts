/**
 * Determines the client address of a request, and the network that the address is in.
 *
 * @module
 */

import { canonicalAddress } from "../access/canonical_address.ts";
import { headerOf } from "./headers.ts";

/**
 * Returns the address of the client that sent a request, as reported by trusted proxies.
 *
 * @param request the request
 * @param peer the address at the other end of the connection; `""` if it is unknown
 * @param proxies the addresses of trusted proxies, in their canonical spelling
 * @returns the last address on the way to this server that does not belong to a trusted proxy; `peer` if a
 * proxy reported a text that is not an address
 * @throws {Problem} 431 if the header is too long
 */
export function addressOf(request: Request, peer: string, proxies: ReadonlySet<string>): string {
  // A server that listens on all addresses sees IPv4 peers as IPv6 addresses.
  const last = canonicalAddress(peer) ?? peer;
  if (!proxies.has(last)) return last;
  // Each proxy appends the address of its peer. Addresses further to the left may be forged.
  const hops = (headerOf(request, "x-forwarded-for") ?? "").split(",").reverse();
  for (const hop of hops) {
    const text = hop.trim();
    if (text === "") continue;
    const address = hopAddress(text);
    if (address === null || !proxies.has(address)) return address ?? last;
  }
  return last;
}

/**
 * Matches the port after an IPv4 address. An IPv6 address with a port must be in brackets, because otherwise
 * its port would look like a part of the address.
 */
const PORT = /(?<=\.\d{1,3}):\d{1,5}$/;
const BRACKETED = /^\[([^\]]*)\](?::\d{1,5})?$/;

/**
 * Returns the address of a hop in its canonical spelling, without the port, zone, brackets and quotes that
 * some proxies add; `null` if the hop is not an address.
 */
function hopAddress(hop: string): string | null {
  // A longer text can't be an address, even with a port, a zone, brackets and quotes.
  if (hop.length > 100) return null;
  const text = hop.replace(/^"(.*)"$/, "$1");
  return canonicalAddress(BRACKETED.exec(text)?.[1] ?? text.replace(PORT, ""));
}

/**
 * Returns the network for which failed attempts are counted. For IPv6, this is the /64, because whoever has
 * one address usually controls the whole /64 (RFC 6177).
 *
 * @param address an IPv4 or IPv6 address
 * @returns the address itself if it is IPv4; the /64 of an IPv6 address
 */
export function addressGroup(address: string): string {
  const canonical = canonicalAddress(address);
  if (canonical === null) return address.slice(0, 64);
  if (!canonical.includes(":")) return canonical;
  const [head = "", tail] = canonical.split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = tail === undefined
    ? front
    : [...front, ...Array(8 - front.length - back.length).fill("0"), ...back];
  return `${groups.slice(0, 4).join(":")}::/64`;
}
