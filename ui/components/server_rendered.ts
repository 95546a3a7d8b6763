/**
 * Marks elements whose content only the server renders.
 *
 * @module
 */

import type { ComponentChildren } from "preact";

/** Returns the properties of an element whose content Preact leaves unchanged during hydration. */
export function serverRendered(
  children: ComponentChildren,
): { readonly dangerouslySetInnerHTML: { readonly __html: "" } } | { readonly children: ComponentChildren } {
  return children === undefined ? { dangerouslySetInnerHTML: { __html: "" } } : { children };
}
