/**
 * Tells pages what their visitor is allowed to do.
 *
 * @module
 */

import type { ResolvedAccess } from "../../config/access_options.ts";
import type { PageVisitor } from "../../page_renderer.ts";
import type { Visitor } from "../gate.ts";

/**
 * Returns what a visitor is allowed to do on every page.
 *
 * @param visitor the visitor
 * @param access the key of the server, and whether people can sign in with it
 */
export function pageVisitor(
  { grant, source }: Visitor,
  { key, signIn }: Pick<ResolvedAccess, "key" | "signIn">,
): Omit<PageVisitor, "seesOneTask"> {
  const isFull = grant.kind === "full";
  return {
    mayChange: isFull,
    mayOpenSockets: source !== "share",
    mayShare: isFull && signIn,
    isSignedIn: source === "session",
    needsKey: key !== null,
  };
}
