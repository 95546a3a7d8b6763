/**
 * Copies a text to the clipboard.
 *
 * @module
 */

/**
 * Copies a text to the clipboard.
 *
 * @param text the text
 * @throws {Error} if the browser does not allow it
 */
export async function copyText(text: string): Promise<void> {
  // The Clipboard API exists only in secure contexts: https and localhost.
  if (navigator.clipboard !== undefined) return await navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  if (!copied) throw new Error("Cannot copy: the browser does not allow it here");
}
