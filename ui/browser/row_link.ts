/** The elements of a row that react to clicks themselves. */
const OWN_CLICKS = "a,button,label,input,summary,.row-details,.problem";

/**
 * Returns the link that a click on an element of a list's row follows; `null` if the element is not in a row, or if it
 * reacts to clicks itself.
 */
export function rowLinkOf(element: Element): HTMLAnchorElement | null {
  if (element.closest(OWN_CLICKS) !== null) return null;
  return element.closest(".row")?.querySelector<HTMLAnchorElement>(".row-name a") ?? null;
}
