/**
 * Validates the name of a monitor's channel, and applies the default.
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import { DEFAULT_CHANNEL, LIMITS } from "../task/grammar.ts";

/**
 * Validates the name of a monitor's channel, and applies the default.
 *
 * @param name the option `channel`
 * @returns the name
 * @throws {ConfigError} if the name is empty or too long
 */
export function resolveChannel(name: string = DEFAULT_CHANNEL): string {
  const most = LIMITS.channelLength;
  if (name.length >= 1 && name.length <= most) return name;
  throw new ConfigError(`Cannot use channel: wanted 1 to ${most} characters, received ${name.length}`);
}
