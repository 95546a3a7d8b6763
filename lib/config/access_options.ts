/**
 * Validates the options that define the addresses of a monitor and who has access to it.
 *
 * @module
 */

import { canonicalAddress } from "../access/canonical_address.ts";
import { checkKey } from "../access/keyring.ts";
import { ConfigError } from "../errors.ts";

/** Options for the addresses that a monitor serves, and for the access to it. */
export interface AccessOptions {
  /**
   * The prefix of all paths: `""` or one such as `"/monitor"`.
   *
   * @default {""}
   */
  readonly basePath?: string;
  /**
   * The accepted values of the `Host` header, with ports. By default, the loopback names are accepted, with any port.
   * Requests with any other host are rejected, which prevents DNS rebinding.
   */
  readonly allowedHosts?: readonly string[];
  /**
   * The origins of other pages that are allowed to make changes, but not to read tasks. Pages of the monitor's
   * own origin are always allowed to do both.
   */
  readonly allowedOrigins?: readonly string[];
  /**
   * The public URLs of the monitor, such as `https://ci.example.org/tasks`; links use the first one. The host
   * and the origin of each public URL are allowed.
   */
  readonly publicUrls?: readonly string[];
  /**
   * Whether any IP address is accepted as host, which is safe because an address, unlike a name, cannot be
   * rebound.
   *
   * @default {false}
   */
  readonly allowAddressHosts?: boolean;
  /**
   * The key that gives full access: 16 to 1024 ASCII characters without spaces. Programs send the key as
   * `Authorization: Bearer`; people sign in with it. Without a key, anyone has full access.
   */
  readonly key?: string | undefined;
  /**
   * The key that was replaced by `key`. The old key, and tokens that were made from it, are still accepted, so that
   * programs and people keep their access until they have the new key. Other servers that use the same database may
   * have either of the two.
   */
  readonly previousKey?: string | undefined;
  /**
   * Whether people can sign in with the key and share links. Signing in and sharing need cookies, which
   * browsers accept only over HTTPS and on loopback addresses.
   *
   * @default {true}
   */
  readonly signIn?: boolean;
  /** The IP addresses of reverse proxies whose `X-Forwarded-For` header is trusted. */
  readonly trustedProxies?: readonly string[];
}

/** The access options after validation, with defaults. */
export interface ResolvedAccess {
  readonly basePath: string;
  /** The accepted hosts; `null` if every loopback name is accepted. */
  readonly hosts: ReadonlySet<string> | null;
  /** The origins of other pages that may make changes, and those of the public URLs. */
  readonly origins: ReadonlySet<string>;
  /** The origins of the public URLs, whose pages are the monitor's own. */
  readonly publicOrigins: ReadonlySet<string>;
  readonly allowAddressHosts: boolean;
  /** The origin for links; `null` to use the origin of each request. */
  readonly publicOrigin: string | null;
  /** The key; `null` if anyone has full access. */
  readonly key: string | null;
  /** The key that was replaced, which is still accepted; `null` if there is none. */
  readonly previousKey: string | null;
  /** Whether people can sign in with the key. */
  readonly signIn: boolean;
  readonly trustedProxies: ReadonlySet<string>;
}

/**
 * Validates the access options and merges them with the defaults.
 *
 * @param options the user's options
 * @returns the resolved options
 * @throws {ConfigError} if an option is invalid
 */
export function resolveAccess(options: AccessOptions = {}): ResolvedAccess {
  const { basePath = "", allowedHosts, allowedOrigins = [], publicUrls = [], trustedProxies = [] } = options;
  const { key, previousKey, signIn = true, allowAddressHosts = false } = options;
  if (previousKey !== undefined && (key === undefined || previousKey === key)) {
    throw new ConfigError("Cannot use the previous key: it must differ from the key that replaces it");
  }
  const urls = publicUrls.map(publicUrlOf);
  const hosts = allowedHosts === undefined && urls.length === 0
    ? null
    : new Set([...allowedHosts ?? [], ...urls.map((url) => url.host)].map((host) => host.toLowerCase()));
  const publicOrigins = new Set(urls.map((url) => url.origin));
  return {
    basePath: basePathOf(basePath === "" ? urls[0]?.pathname ?? "" : basePath),
    hosts,
    origins: new Set([...allowedOrigins.map(originOf), ...publicOrigins]),
    publicOrigins,
    allowAddressHosts,
    publicOrigin: urls[0]?.origin ?? null,
    key: key === undefined ? null : checkKey(key, "The key"),
    previousKey: previousKey === undefined ? null : checkKey(previousKey, "The previous key"),
    signIn: key !== undefined && signIn,
    trustedProxies: new Set(trustedProxies.map(proxyOf)),
  };
}

function basePathOf(path: string): string {
  const trimmed = path.replace(/\/+$/, "");
  if (trimmed === "" || /^(\/[A-Za-z0-9._~-]+)+$/.test(trimmed)) return trimmed;
  throw new ConfigError(`Cannot use base path: wanted a path such as "/monitor", received "${path}"`);
}

function publicUrlOf(text: string): URL {
  const url = URL.parse(text);
  const isPlain = url !== null && (url.protocol === "http:" || url.protocol === "https:") &&
    url.search === "" && url.hash === "" && url.username === "" && url.password === "";
  if (isPlain) return url;
  throw new ConfigError(`Cannot use public URL: wanted http(s)://host[:port][/path], received "${text}"`);
}

function proxyOf(text: string): string {
  const address = canonicalAddress(text);
  if (address !== null) return address;
  throw new ConfigError(`Cannot trust proxy: wanted an IP address, received "${text}"`);
}

function originOf(text: string): string {
  const url = URL.parse(text);
  if (url !== null && url.origin === text.replace(/\/$/, "").toLowerCase() && url.origin !== "null") {
    return url.origin;
  }
  throw new ConfigError(`Cannot allow origin: wanted http(s)://host[:port], received "${text}"`);
}
