/**
 * Builds the URLs of pages and API calls.
 *
 * @module
 */

import type { PageFrame } from "./model.ts";

type Place = Pick<PageFrame, "basePath" | "client">;

/** The list page of a client. The first page has no `page` parameter. */
export function clientPageUrl(place: Place, page = 1): string {
  const query = page > 1 ? `?page=${page}` : "";
  return `${place.basePath}/t/${segment(place.client)}${query}`;
}

/** The statistics page of a client: all task names. */
export function namesPageUrl(place: Place): string {
  return `${place.basePath}/stats/${segment(place.client)}`;
}

/** The statistics page of one task name. */
export function namePageUrl(place: Place, name: string): string {
  return `${namesPageUrl(place)}/${segment(name)}`;
}

/** The page of one task. */
export function taskPageUrl(place: Place, id: string): string {
  return `${clientPageUrl(place)}/${segment(id)}`;
}

/** The REST URL of a client's tasks. */
export function tasksUrl(place: Place): string {
  return `${place.basePath}/tasks/${segment(place.client)}`;
}

/** The REST URL of one task. */
export function taskUrl(place: Place, id: string): string {
  return `${tasksUrl(place)}/${segment(id)}`;
}

/** The URL that downloads a task's log as a text file. */
export function logTextUrl(place: Place, id: string): string {
  return `${taskUrl(place, id)}/logs?format=text`;
}

/** The REST URL that starts a registered task. */
export function startUrl(place: Place, name: string): string {
  return `${tasksUrl(place)}/start/${segment(name)}`;
}

/** The URL that starts a registered task from a form, without JavaScript. */
export function startFormUrl(place: Place, name: string): string {
  return `${clientPageUrl(place)}/start/${segment(name)}`;
}

/** The page that creates a share link: for one task, or for all tasks of a client. */
export function shareUrl(place: Place, id?: string): string {
  return `${place.basePath}/share/${segment(place.client)}${id === undefined ? "" : `/${segment(id)}`}`;
}

/** The path of a client's WebSocket. */
export function socketPath(place: Place): string {
  return `${place.basePath}/ws/tasks/${segment(place.client)}`;
}

/** The URL of the server-sent events of a client or of one task. */
export function eventsUrl(place: Place, id?: string): string {
  return `${place.basePath}/events/tasks/${segment(place.client)}${
    id === undefined ? "" : `/${segment(id)}`
  }`;
}

/** The URL of the readiness check, which reports whether the server can store changes. */
export function readyUrl(place: Pick<PageFrame, "basePath">): string {
  return `${place.basePath}/readyz`;
}

/** Replaces `http` by `ws` and `https` by `wss`. */
export function asSocketUrl(url: string): string {
  return url.replace(/^http/, "ws");
}

/** Encodes a path segment. A colon is legal there (RFC 3986) and stays readable. */
function segment(text: string): string {
  return encodeURIComponent(text).replaceAll("%3A", ":");
}
