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

/** The URLs of the files that a page with blocks of code needs. */
export interface ProseAssets {
  readonly style: string;
  /** The script that adds a button to each block, which copies it. */
  readonly script: string;
}

/** The head of a page with blocks of code. */
export function ProseHead({ style, script }: ProseAssets): JSX.Element {
  return (
    <>
      <link rel="stylesheet" href={style} />
      <script type="module" src={script} />
    </>
  );
}

/** A block of code, which can be scrolled with the keyboard. */
export function Code({ text, id }: { readonly text: string; readonly id?: string }): JSX.Element {
  return <pre class="code docs-code" id={id} tabIndex={0}>{text}</pre>;
}
