/**
 * Who is to be told: from what a user gives to receivers that are known to be usable.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { ConfigError } from "../errors.ts";
import { isNotifyEvent, NOTIFY_EVENTS, type NotifyEvent } from "./events.ts";

/** An address that is told when tasks end. */
export interface NotifyOptions {
  /** Where to send the POST: `http` or `https`, without user name, password and fragment. */
  readonly url: string;
  /**
   * What it is told of.
   *
   * @default {["task.finished", "task.error", "task.cancelled"]}
   */
  readonly events?: readonly NotifyEvent[];
}

/** An address that is told when tasks end, checked and complete. */
export interface Receiver {
  readonly url: URL;
  readonly events: ReadonlySet<NotifyEvent>;
  /** Names it in the store, where the address does not belong: it may hold a key. */
  readonly key: string;
  /** Names it in messages for people: without its query, and without what looks like a key in its path. */
  readonly name: string;
}

/** Parts of a path that are longer are taken for keys. */
const MAX_SEGMENT_LENGTH = 20;

/**
 * Checks who is to be told. An address that is there more than once is told of all its events.
 *
 * @param options what the user gave
 * @param most how many addresses there may be
 * @returns the receivers
 * @throws {ConfigError} that says what was wanted and what came, without what may be secret in it
 */
export function resolveNotify(options: readonly NotifyOptions[], most: number): Receiver[] {
  const receivers = new Map<string, Receiver>();
  for (const { url: text, events = NOTIFY_EVENTS } of options) {
    const receiver = receiverOf(urlOf(text), events);
    const known = receivers.get(receiver.key);
    receivers.set(receiver.key, {
      ...receiver,
      events: new Set([...known?.events ?? [], ...receiver.events]),
    });
  }
  if (receivers.size > most) {
    throw new ConfigError(
      `Cannot notify ${receivers.size} addresses: wanted ${most} at most (notifyReceivers)`,
    );
  }
  return [...receivers.values()];
}

/**
 * Reads an address with its events, as it is written on the command line.
 *
 * @param text `<url>` or `<url>,<event>,…`
 * @returns the options, unchecked
 */
export function parseNotify(text: string): NotifyOptions {
  const [url = "", ...events] = text.split(",").map((part) => part.trim());
  // What is no event is found, and named, where the options are checked.
  return events.length === 0 ? { url } : { url, events: events as NotifyEvent[] };
}

function receiverOf(url: URL, events: readonly NotifyEvent[]): Receiver {
  const name = nameOf(url);
  const wrong = events.find((event) => !isNotifyEvent(event));
  if (wrong !== undefined || events.length === 0) {
    const received = wrong === undefined ? "none" : `"${String(wrong).slice(0, 64)}"`;
    throw new ConfigError(
      `Cannot notify ${name}: wanted events of ${NOTIFY_EVENTS.join(", ")}, received ${received}; ` +
        "a comma in an address is written %2C",
    );
  }
  const key = createHash("sha256").update(url.href).digest("hex").slice(0, 32);
  return { url, events: new Set(events), key, name };
}

function urlOf(text: string): URL {
  const url = typeof text === "string" ? URL.parse(text) : null;
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    const received = typeof text === "string" ? `"${withoutSecrets(text)}"` : typeof text;
    throw new ConfigError(`Cannot notify: wanted an address such as https://host/path, received ${received}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new ConfigError(
      `Cannot notify ${nameOf(url)}: wanted an address without user name and password; ` +
        "TASKSCOPE_NOTIFY_SECRET signs what is sent",
    );
  }
  if (url.hash !== "") {
    throw new ConfigError(`Cannot notify ${nameOf(url)}: wanted an address without "#"`);
  }
  return url;
}

/** What is no address may still hold the password or the key of one. */
function withoutSecrets(text: string): string {
  return text.replace(/\/\/.*$/s, "//…").replace(/[?#].*$/s, "").replace(/^.*@/s, "…@").slice(0, 64);
}

function nameOf(url: URL): string {
  const parts = url.pathname.split("/").map((part) => part.length > MAX_SEGMENT_LENGTH ? "…" : part);
  return url.origin + parts.join("/").replace(/\/$/, "");
}
