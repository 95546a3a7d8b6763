/**
 * Converts the command line of `taskscope serve` to validated options.
 *
 * @module
 */

import { checkKey } from "../../access/keyring.ts";
import { resolveAccess } from "../../config/access_options.ts";
import { resolveAdvertise } from "../../config/cluster_options.ts";
import { resolveChannel } from "../../config/channel_name.ts";
import { type MonitorLimits, resolveLimits } from "../../config/limits.ts";
import { ConfigError } from "../../errors.ts";
import { type NotifyOptions, resolveNotify } from "../../notify/options.ts";
import type { Durability } from "../../store/store.ts";
import { refuseOperands } from "../flag_values.ts";
import { readFlags } from "../flags.ts";
import { keyFrom, keyIn, PREVIOUS_KEY_VARIABLE, type SourcedKey } from "../key.ts";
import type { LogFormat, LogLevel } from "./log.ts";
import { NOTIFY_SECRET_VARIABLE, SERVE_FLAGS } from "./serve_flags.ts";

/** The options of a server. */
export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  /** The path of the database file, or `:memory:`; `undefined` for the default file. */
  readonly data: string | undefined;
  /**
   * The address at which other servers that use the same database reach this one; `undefined` for a single server.
   */
  readonly advertise: string | undefined;
  /** The certificate of the CA that issued the other servers' certificates, as PEM; `undefined` for a public CA. */
  readonly nodeCa: string | undefined;
  readonly durability: Durability;
  readonly basePath: string;
  readonly publicUrls: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly notify: readonly NotifyOptions[];
  /** The secret with which calls to webhooks are signed; if it is `""`, calls are not signed. */
  readonly notifySecret: string;
  readonly taskModules: readonly string[];
  readonly withDemo: boolean;
  readonly root: string;
  readonly channel: string;
  /** The key; `undefined` if access is unrestricted. */
  readonly key: string | undefined;
  /** The previous key, which is accepted, too; `undefined` if there is none. */
  readonly previousKey: string | undefined;
  /** The paths of the certificate file and of its private key's file; `null` for plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /**
   * Whether people can sign in. Signing in needs cookies, which browsers send only over TLS or to this
   * machine.
   */
  readonly signIn: boolean;
  /**
   * Whether any IP address is a valid Host header: a server that listens on all addresses does not know which
   * of them are its own.
   */
  readonly allowAddressHosts: boolean;
  readonly trustedProxies: readonly string[];
  readonly logFormat: LogFormat;
  readonly logLevel: LogLevel;
  readonly limits: Partial<MonitorLimits>;
}

/**
 * Parses the command line of `serve`.
 *
 * @param args the arguments after the command's name
 * @param readVariable reads an environment variable
 * @returns the options; `null` if the command line asks for help
 * @throws {ConfigError} if a value is invalid; the message names the flag, what it accepts and what it received
 */
export function parseServe(
  args: readonly string[],
  readVariable: (name: string) => string | undefined,
): ServeOptions | null {
  const commandLine = readFlags(SERVE_FLAGS, args, readVariable);
  if (commandLine === null) return null;
  const { values, sourceOf, operands } = commandLine;
  refuseOperands(operands, "serve");
  const { host } = values;
  const key = keyFrom(commandLine, readVariable);
  const previous = values["previous-key-file"] ?? keyIn(PREVIOUS_KEY_VARIABLE, readVariable);
  const tls = tlsFrom(values.cert, values["tls-key"]);
  const isLocal = isLoopback(host);
  const isSecure = tls !== null || values["public-url"].some((url) => /^https:/i.test(url));
  if (!isLocal) checkExposed(host, sourceOf("host"), key, isSecure || values["insecure-http"]);
  const options: ServeOptions = {
    host,
    key: key === null ? undefined : checkKey(key.key, key.source),
    previousKey: previous === null ? undefined : checkKey(previous.key, previous.source),
    tls,
    signIn: isSecure || isLocal,
    allowAddressHosts: host === "0.0.0.0" || host === "::",
    trustedProxies: values["trust-proxy"],
    port: values.port,
    data: values.data,
    advertise: values.advertise,
    nodeCa: values["node-ca"],
    durability: values.durability,
    basePath: values["base-path"] ?? "",
    publicUrls: values["public-url"],
    allowedOrigins: values["allow-origin"],
    notify: values.notify,
    notifySecret: readVariable(NOTIFY_SECRET_VARIABLE) ?? "",
    taskModules: values.tasks,
    withDemo: !values["no-demo"],
    root: values.root,
    channel: values.channel,
    logFormat: values.log,
    logLevel: values["log-level"],
    limits: Object.assign({}, ...values.limit),
  };
  // The options are checked here so that an invalid value prevents the start, instead of failing the first
  // request.
  resolveAccess(options);
  const { notifyReceivers } = resolveLimits(options.limits);
  resolveNotify(options.notify, notifyReceivers);
  resolveChannel(options.channel);
  resolveAdvertise(options);
  return options;
}

/**
 * Returns the Host headers that a server on a loopback address accepts.
 *
 * @param host the address that the server listens on
 * @param port the port that the server listens on
 * @param isTls whether the server serves HTTPS, whose default port differs from that of HTTP
 */
export function loopbackHosts(host: string, port: number, isTls: boolean): string[] {
  const names = new Set(["127.0.0.1", "localhost", "[::1]", host.includes(":") ? `[${host}]` : host]);
  return [...names].flatMap((name) =>
    port === (isTls ? 443 : 80) ? [name, `${name}:${port}`] : [`${name}:${port}`]
  );
}

/** Returns whether an address can be reached only from this machine. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/**
 * Throws if the server has no key, or its key would be sent unencrypted, although other machines can reach the
 * server.
 */
function checkExposed(host: string, source: string, key: SourcedKey | null, isEncrypted: boolean): void {
  if (key === null) {
    throw new ConfigError(
      `${source} ${host} is reachable from other machines, so anyone could see and cancel every task: ` +
        'a key is required; create one with "openssl rand -hex 32 > key" and pass --key-file key',
    );
  }
  if (isEncrypted) return;
  throw new ConfigError(
    `${source} ${host} is reachable from other machines, and the key would be sent unencrypted: TLS is required; ` +
      "pass --cert and --tls-key, or --public-url https://… if a proxy terminates TLS, or --insecure-http",
  );
}

function tlsFrom(cert: string | undefined, key: string | undefined): ServeOptions["tls"] {
  if (cert === undefined && key === undefined) return null;
  if (cert !== undefined && key !== undefined) return { cert, key };
  throw new ConfigError(
    `TLS needs a certificate and its private key: ${cert === undefined ? "--cert" : "--tls-key"} is missing`,
  );
}
