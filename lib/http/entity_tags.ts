/**
 * Checks whether the client has the current version of a resource.
 *
 * @module
 */

import { elementsOf, headerOf } from "./headers.ts";

/**
 * Returns whether the header `If-None-Match` of a request names an entity tag (RFC 9110, section 13.1.2). A
 * weak tag matches, too, because a proxy that compresses a response makes the tag weak.
 *
 * @param request the request
 * @param etag the entity tag of the current version, without commas
 * @throws {Problem} 431 if the header is too long
 */
export function isKnownVersion(request: Request, etag: string): boolean {
  const tags = headerOf(request, "if-none-match");
  if (tags === null) return false;
  return tags.trim() === "*" || elementsOf(tags).some((tag) => opaqueTag(tag) === opaqueTag(etag));
}

function opaqueTag(tag: string): string {
  return tag.startsWith("W/") ? tag.slice(2) : tag;
}
