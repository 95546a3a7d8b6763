/**
 * Gives every IP address one spelling, so that addresses can be compared as texts.
 *
 * @module
 */

const QUAD = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

/**
 * Returns the canonical spelling of an address, without its zone. An IPv4 address that is written as an IPv6
 * address (RFC 4291, section 2.5.5.2) becomes IPv4.
 *
 * @param text the address in any spelling
 * @returns the canonical spelling; `null` if the text is not an address
 */
export function canonicalAddress(text: string): string | null {
  if (QUAD.test(text)) return text;
  const [bare = ""] = text.split("%", 1);
  if (!bare.includes(":")) return null;
  // The URL parser converts every spelling of an IPv6 address to the canonical one.
  const canonical = URL.parse(`http://[${bare}]/`)?.hostname.slice(1, -1);
  if (canonical === undefined) return null;
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped === null) return canonical;
  const [high, low] = [parseInt(mapped[1]!, 16), parseInt(mapped[2]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
