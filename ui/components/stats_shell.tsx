/** @jsxImportSource preact */
/**
 * The frame of the pages about past runs. Their content is rendered on the server only, and replaced as a whole when
 * runs end.
 *
 * @module
 */

import type { JSX } from "preact";
import type { FrameView } from "../shared/view.ts";
import { Shell } from "./frame.tsx";
import { serverRendered } from "./server_rendered.ts";

interface StatsShellProps {
  readonly view: FrameView;
  /** The URL of the page. */
  readonly self: string;
  /** The content and the content of the help dialog; rendered on the server only. */
  readonly content?: JSX.Element;
  readonly help?: JSX.Element;
}

/** The page about past runs. */
export function StatsShell({ view, self, content, help }: StatsShellProps): JSX.Element {
  return (
    <Shell view={view} self={self} {...(help !== undefined && { help })}>
      <div id="stats" {...serverRendered(content)} />
    </Shell>
  );
}
