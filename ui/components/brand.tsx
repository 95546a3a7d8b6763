/** @jsxImportSource preact */
/**
 * The name and the logo of the program, as a link.
 *
 * @module
 */

import type { JSX } from "preact";
import { Mark } from "./icons.tsx";

/**
 * Renders the name of the program.
 *
 * @param props the URL of the link
 */
export function Brand({ href }: { readonly href: string }): JSX.Element {
  return (
    <a class="brand" href={href}>
      <Mark />
      <span>Taskscope</span>
    </a>
  );
}
