/**
 * Validates the options for the database of a monitor.
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import { isPostgresUrl } from "../store/postgres_url.ts";
import type { Durability } from "../store/store.ts";

/** Options for where tasks are stored, and for the durability of commits. */
export interface StorageOptions {
  readonly data?: string;
  readonly durability?: Durability;
}

/** The storage options after validation, with defaults. */
export interface ResolvedStorage {
  /** The path of the database file; `null` if there is none. */
  readonly file: string | null;
  /**
   * The URL of the PostgreSQL database; `null` if there is none. If `file` is `null`, too, tasks are kept in memory.
   */
  readonly url: string | null;
  readonly durability: Durability;
}

/**
 * Validates the storage options and merges them with the defaults.
 *
 * @param options the user's options
 * @returns the resolved options
 * @throws {ConfigError} if an option is invalid
 */
export function resolveStorage(options: StorageOptions = {}): ResolvedStorage {
  const { data = ":memory:", durability = "normal" } = options;
  if (data === "") {
    throw new ConfigError('Cannot keep tasks: wanted a file, a "postgres://" URL or ":memory:", received ""');
  }
  if (durability !== "normal" && durability !== "full") {
    throw new ConfigError(`Cannot use durability: wanted normal or full, received "${String(durability)}"`);
  }
  if (isPostgresUrl(data)) return { file: null, url: data, durability };
  return { file: data === ":memory:" ? null : data, url: null, durability };
}
