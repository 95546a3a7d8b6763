/**
 * The addresses that the page links to and calls. Pure.
 *
 * @module
 */

import type { PageFrame } from "./model.ts";

type Place = Pick<PageFrame, "basePath" | "client">;

/** The page of a client; a page number of 1 is left out. */
export function clientPageUrl(place: Place, page = 1): string {
  const query = page > 1 ? `?page=${page}` : "";
  return `${place.basePath}/t/${segment(place.client)}${query}`;
}

/** The page of what is known of the names of a client's tasks. */
export function namesPageUrl(place: Place): string {
  return `${place.basePath}/stats/${segment(place.client)}`;
}

/** The page of what is known of one name. */
export function namePageUrl(place: Place, name: string): string {
  return `${namesPageUrl(place)}/${segment(name)}`;
}

/** The page of one task. */
export function taskPageUrl(place: Place, id: string): string {
  return `${clientPageUrl(place)}/${segment(id)}`;
}

/** Where the REST interface lists a client's tasks. */
export function tasksUrl(place: Place): string {
  return `${place.basePath}/tasks/${segment(place.client)}`;
}

/** Where the REST interface has one task. */
export function taskUrl(place: Place, id: string): string {
  return `${tasksUrl(place)}/${segment(id)}`;
}

/** Where a task's log is, as a text file. */
export function logTextUrl(place: Place, id: string): string {
  return `${taskUrl(place, id)}/logs?format=text`;
}

/** Where the REST interface starts a registered task. */
export function startUrl(place: Place, name: string): string {
  return `${tasksUrl(place)}/start/${segment(name)}`;
}

/** Where a form without JavaScript starts a registered task. */
export function startFormUrl(place: Place, name: string): string {
  return `${clientPageUrl(place)}/start/${segment(name)}`;
}

/** Where a link for others is made: to a task, or to all of a client's. */
export function shareUrl(place: Place, id?: string): string {
  return `${place.basePath}/share/${segment(place.client)}${id === undefined ? "" : `/${segment(id)}`}`;
}

/** Where the WebSocket of a client is, as a path. */
export function socketPath(place: Place): string {
  return `${place.basePath}/ws/tasks/${segment(place.client)}`;
}

/** Where the events of a client are, or of one of its tasks. */
export function eventsUrl(place: Place, id?: string): string {
  return `${place.basePath}/events/tasks/${segment(place.client)}${
    id === undefined ? "" : `/${segment(id)}`
  }`;
}

/** Where the server says whether it can store. */
export function readyUrl(place: Pick<PageFrame, "basePath">): string {
  return `${place.basePath}/readyz`;
}

/** The same address with the scheme of WebSockets. */
export function asSocketUrl(url: string): string {
  return url.replace(/^http/, "ws");
}

/** Ids may hold a colon, which needs no escape in a path and reads better without. */
function segment(text: string): string {
  return encodeURIComponent(text).replaceAll("%3A", ":");
}
