/**
 * Reads the URL of a PostgreSQL database.
 *
 * @module
 */

import { ConfigError } from "../../errors.ts";
import type { ClientConfig } from "./pg.d.ts";

/** Where a database is, and how to connect to it. */
export interface PostgresAddress {
  /** The URL without the password and the parameters, for messages. */
  readonly name: string;
  /** The settings of a connection. A password that is absent is looked up by `pg`: in `PGPASSWORD` and `~/.pgpass`. */
  readonly config: ClientConfig;
}

const SSL_MODES = ["disable", "require", "verify-ca", "verify-full"] as const;

/** The parameters that a URL may have: those of libpq (postgresql.org/docs/current/libpq-connect.html). */
const PARAMETERS = ["host", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslnegotiation"] as const;

/**
 * Reads the URL of a database. Unless `sslmode` is given, TLS is off if the host is this machine, and `verify-full`
 * otherwise.
 *
 * @param url such as `postgres://user@host:5432/database?sslmode=verify-full`
 * @throws {ConfigError} if the URL is malformed, or has an unknown parameter; the message never contains the password
 */
export function readAddress(url: string): PostgresAddress {
  if (!URL.canParse(url)) {
    throw new ConfigError('Cannot use the database: wanted "postgres://user@host:5432/database"');
  }
  const { username, password, hostname, port, pathname, searchParams } = new URL(url);
  const parameters = parametersIn(searchParams);
  const host = parameters.host ?? (decode(hostname).replace(/^\[|\]$/g, "") || "localhost");
  const user = decode(username);
  const database = decode(pathname.slice(1)) || user;
  if (user === "" || database.includes("/")) {
    throw new ConfigError(
      'Cannot use the database: wanted a user and one name, as in "postgres://user@host:5432/database"',
    );
  }
  const isSocket = host.startsWith("/");
  const place = isSocket ? host : hostname + (port === "" ? "" : `:${port}`);
  return {
    name: `postgres://${user}@${place}/${database}`,
    config: {
      host,
      port: Number(port || 5432),
      user,
      database,
      ...(password !== "" && { password: decode(password) }),
      ...tlsOf(parameters, host),
    },
  };
}

type Parameters = { readonly [Name in (typeof PARAMETERS)[number]]?: string };

function parametersIn(searchParams: URLSearchParams): Parameters {
  for (const name of searchParams.keys()) {
    if ((PARAMETERS as readonly string[]).includes(name)) continue;
    throw new ConfigError(
      `Cannot use the database: its URL has the unknown parameter "${name}"; it may have ${
        PARAMETERS.join(", ")
      }`,
    );
  }
  return Object.fromEntries(searchParams);
}

function tlsOf(parameters: Parameters, host: string): Pick<ClientConfig, "ssl" | "sslnegotiation"> {
  const isLocal = /^(\/|localhost$|127\.|::1$)/.test(host);
  const mode = parameters.sslmode ?? (isLocal ? "disable" : "verify-full");
  const { sslnegotiation = "postgres" } = parameters;
  if (!(SSL_MODES as readonly string[]).includes(mode)) {
    throw new ConfigError(
      `Cannot use the database: sslmode must be one of ${SSL_MODES.join(", ")}, received "${mode}"`,
    );
  }
  if (sslnegotiation !== "postgres" && sslnegotiation !== "direct") {
    throw new ConfigError(
      `Cannot use the database: sslnegotiation must be postgres or direct, received "${sslnegotiation}"`,
    );
  }
  if (mode === "disable") return { ssl: false };
  const { sslrootcert, sslcert, sslkey } = parameters;
  const ssl = {
    // As in libpq, "require" encrypts without verifying the server's certificate.
    rejectUnauthorized: mode !== "require",
    ...(mode === "verify-ca" && { checkServerIdentity: () => undefined }),
    ...(sslrootcert !== undefined && { ca: pem(sslrootcert, "sslrootcert") }),
    ...(sslcert !== undefined && { cert: pem(sslcert, "sslcert") }),
    ...(sslkey !== undefined && { key: pem(sslkey, "sslkey") }),
  };
  return { ssl, sslnegotiation };
}

function pem(file: string, parameter: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`Cannot read the file named by ${parameter}: ${reason}`, { cause });
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ConfigError("Cannot use the database: its URL has an invalid percent-encoding");
  }
}
