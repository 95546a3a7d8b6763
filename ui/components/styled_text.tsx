/** @jsxImportSource preact */
/**
 * Renders text with its colours, links and the matches of a search.
 *
 * @module
 */

import type { JSX } from "preact";
import { type StyledRun, styledRuns } from "../shared/styled_text.ts";

interface StyledTextProps {
  readonly text: string;
  /** The search text in lower case; empty if there is none. */
  readonly query?: string;
}

/** A text with its colours, links and matches. */
export function StyledText({ text, query = "" }: StyledTextProps): JSX.Element {
  return <>{styledRuns(text, query).map(rendered)}</>;
}

/** Renders a part of a line; plain text stays a string, so that it needs no element. */
function rendered({ text, style, href, isMatch }: StyledRun, index: number): JSX.Element | string {
  const part = isMatch ? <mark key={index}>{text}</mark> : text;
  const styled = style === "" ? part : <span key={index} class={style}>{part}</span>;
  return href === null
    ? styled
    : <a key={index} href={href} target="_blank" rel="noopener noreferrer">{styled}</a>;
}
