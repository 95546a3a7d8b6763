/** @jsxImportSource preact */
/**
 * Elements for texts and code on pages that only the server renders.
 *
 * @module
 */

import type { JSX } from "preact";

/** A text whose parts between backticks are shown as code. */
export function Prose({ text }: { readonly text: string }): JSX.Element {
  return (
    <>
      {text.split("`").map((part, index) => index % 2 === 0 ? part : <code key={index}>{part}</code>)}
    </>
  );
}

/** A block of code, which can be scrolled with the keyboard. */
export function Code({ text, id }: { readonly text: string; readonly id?: string }): JSX.Element {
  return <pre class="code docs-code" id={id} tabIndex={0}>{text}</pre>;
}
