/**
 * Validates the webhooks that a user configures.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { ConfigError } from "../errors.ts";
import { isNotifyEvent, NOTIFY_EVENTS, type NotifyEvent } from "./events.ts";

/** A webhook: a URL that is notified when tasks end. */
export interface NotifyOptions {
  /** The URL to send a POST request to: `http` or `https`, without user name, password and fragment. */
  readonly url: string;
  /**
   * The events about which the URL is notified.
   *
   * @default {["task.finished", "task.error", "task.cancelled"]}
   */
  readonly events?: readonly NotifyEvent[];
}

/** A validated webhook. */
export interface Receiver {
  readonly url: URL;
  readonly events: ReadonlySet<NotifyEvent>;
  /**
   * The key that identifies the receiver in the store: a digest of the URL, because the URL may contain a
   * secret.
   */
  readonly key: string;
  /**
   * The name of the receiver in messages: its URL without the query and without path segments that look like
   * secrets.
   */
  readonly name: string;
}

/** The maximum length of a path segment that is shown; longer segments may be secrets. */
const MAX_SEGMENT_LENGTH = 20;

/**
 * Validates webhooks. If a URL is given more than once, its events are combined.
 *
 * @param options the webhooks as configured
 * @param most the maximum number of receivers
 * @returns the receivers
 * @throws {ConfigError} if an option is invalid; the error's message contains no secrets
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
      `Too many webhooks: received ${receivers.size} URLs, at most ${most} are allowed (limit "notifyReceivers")`,
    );
  }
  return [...receivers.values()];
}

/**
 * Parses a webhook in the syntax of the command line.
 *
 * @param text `<url>` or `<url>,<event>,…`
 * @returns the webhook, not validated yet
 */
export function parseNotify(text: string): NotifyOptions {
  const [url = "", ...events] = text.split(",").map((part) => part.trim());
  // Invalid event names are reported later, when the options are validated.
  return events.length === 0 ? { url } : { url, events: events as NotifyEvent[] };
}

function receiverOf(url: URL, events: readonly NotifyEvent[]): Receiver {
  const name = nameOf(url);
  const wrong = events.find((event) => !isNotifyEvent(event));
  if (wrong !== undefined || events.length === 0) {
    const received = wrong === undefined ? "none" : `"${String(wrong).slice(0, 64)}"`;
    throw new ConfigError(
      `Invalid webhook ${name}: wanted events of ${NOTIFY_EVENTS.join(", ")}, received ${received}; ` +
        "write a comma in a URL as %2C",
    );
  }
  const key = createHash("sha256").update(url.href).digest("hex").slice(0, 32);
  return { url, events: new Set(events), key, name };
}

function urlOf(text: string): URL {
  const url = typeof text === "string" ? URL.parse(text) : null;
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    const received = typeof text === "string" ? `"${withoutSecrets(text)}"` : typeof text;
    throw new ConfigError(`Invalid webhook URL: wanted https://host/path, received ${received}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new ConfigError(
      `Invalid webhook URL ${nameOf(url)}: wanted no user name or password in it; ` +
        "set TASKSCOPE_NOTIFY_SECRET to sign requests",
    );
  }
  if (url.hash !== "") {
    throw new ConfigError(`Invalid webhook URL ${nameOf(url)}: wanted no fragment ("#") in it`);
  }
  return url;
}

/** Removes what could be a password or a key from an invalid URL. */
function withoutSecrets(text: string): string {
  const bare = text.replace(/\/\/.*$/s, "//…").replace(/[?#].*$/s, "").replace(/^.*@/s, "…@");
  const [host = "", ...path] = bare.split("/");
  return [host, ...path.map(shownSegment)].join("/").slice(0, 64);
}

function nameOf(url: URL): string {
  return url.origin + url.pathname.split("/").map(shownSegment).join("/").replace(/\/$/, "");
}

/** Returns a path segment as messages show it. */
function shownSegment(segment: string): string {
  return segment.length > MAX_SEGMENT_LENGTH ? "…" : segment;
}
