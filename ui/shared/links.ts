/**
 * Builds the URLs of pages and API calls.
 *
 * @module
 */

import { DEFAULT_CLIENT } from "../../lib/task/grammar.ts";
import type { PageFrame } from "./model.ts";

type Place = Pick<PageFrame, "basePath" | "client">;

/** Builds the URL of a client's list page. The first page has no `page` parameter. */
export function clientPageUrl(place: Place, page = 1): string {
  const query = page > 1 ? `?page=${page}` : "";
  return `${place.basePath}/t/${segment(place.client)}${query}`;
}

/**
 * Builds the URL of the page about the past runs of all task names of a client, or only of the names after `after`.
 */
export function namesPageUrl(place: Place, after: string | null = null): string {
  const query = after === null ? "" : `?after=${segment(after)}`;
  return `${place.basePath}/stats/${segment(place.client)}${query}`;
}

/** Builds the URL of the page about the past runs of one task name. */
export function namePageUrl(place: Place, name: string): string {
  return `${namesPageUrl(place)}/${segment(name)}`;
}

/** Builds the URL of a task's page. */
export function taskPageUrl(place: Place, id: string): string {
  return `${clientPageUrl(place)}/${segment(id)}`;
}

/** Builds the REST URL of a client's tasks. */
export function tasksUrl(place: Place): string {
  return `${place.basePath}/tasks/${segment(place.client)}`;
}

/** Builds the REST URL of one task. */
export function taskUrl(place: Place, id: string): string {
  return `${tasksUrl(place)}/${segment(id)}`;
}

/** Builds the REST URL of a task's log. */
export function logUrl(place: Place, id: string): string {
  return `${taskUrl(place, id)}/logs`;
}

/** Builds the URL that downloads a task's log as a text file. */
export function logTextUrl(place: Place, id: string): string {
  return `${logUrl(place, id)}?format=text`;
}

/** Builds the REST URL of a task's values. */
export function valuesUrl(place: Place, id: string): string {
  return `${taskUrl(place, id)}/values`;
}

/** Builds the URL that downloads a task's values as a CSV file. */
export function valuesCsvUrl(place: Place, id: string): string {
  return `${valuesUrl(place, id)}?format=csv`;
}

/** Builds the REST URL that starts a registered task. */
export function startUrl(place: Place, name: string): string {
  return `${tasksUrl(place)}/start/${segment(name)}`;
}

/** Builds the URL to which a form without JavaScript is submitted to start a registered task. */
export function startFormUrl(place: Place, name: string): string {
  return `${clientPageUrl(place)}/start/${segment(name)}`;
}

/** Builds the URL of the page that creates a share link, for one task or for all tasks of a client. */
export function shareUrl(place: Place, id?: string): string {
  return `${place.basePath}/share/${segment(place.client)}${id === undefined ? "" : `/${segment(id)}`}`;
}

/** Builds the path of a client's WebSocket. */
export function socketPath(place: Place): string {
  return `${place.basePath}/ws/tasks/${segment(place.client)}`;
}

/** Builds the URL of the server-sent events of a client or of one task. */
export function eventsUrl(place: Place, id?: string): string {
  return `${place.basePath}/events/tasks/${segment(place.client)}${
    id === undefined ? "" : `/${segment(id)}`
  }`;
}

/** Builds the URL of an event stream with several subscriptions. */
export function sharedEventsUrl(place: Pick<PageFrame, "basePath">): string {
  return `${place.basePath}/events/tasks`;
}

/** Builds the URL of the page about reporting to this server, for the tasks of a client. */
export function installUrl(place: Place): string {
  const query = place.client === DEFAULT_CLIENT ? "" : `?client=${segment(place.client)}`;
  return `${place.basePath}/install${query}`;
}

/** Builds the URL of the readiness check, which reports whether the server can store changes. */
export function readyUrl(place: Pick<PageFrame, "basePath">): string {
  return `${place.basePath}/readyz`;
}

/** Converts an HTTP URL to a WebSocket URL: `http` to `ws`, and `https` to `wss`. */
export function asSocketUrl(url: string): string {
  return url.replace(/^http/, "ws");
}

/**
 * Encodes a path segment, except for colons, which are legal in a path segment (RFC 3986) and easier to read.
 * Records that were stored by an older version may have lone surrogates, which a URL cannot represent.
 */
function segment(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll("%3A", ":");
}
