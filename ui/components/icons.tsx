/** @jsxImportSource preact */
/**
 * The SVG icons of the pages. They are hidden from screen readers, because the text beside an icon states its
 * meaning.
 *
 * @module
 */

import type { JSX } from "preact";

/** The logo: three quarters of a ring around a dot. */
export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
      <circle class="mark-track" cx="12" cy="12" r="9" />
      <path class="mark-arc" d="M12 3a9 9 0 1 1-9 9" />
      <circle class="mark-point" cx="12" cy="12" r="2.75" />
    </svg>
  );
}

const PATHS = {
  waiting: "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M8 5v3.2l2.2 1.3",
  starting: "M5.5 3.5 12 8l-6.5 4.5z",
  running: "M8 2.5a5.5 5.5 0 1 1-5.5 5.5",
  finished: "m3 8.5 3.3 3.3L13 4.8",
  failed: "m4 4 8 8m0-8-8 8",
  cancelled: "M4.5 4.5h7v7h-7z",
  unknown: "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11",
  stale: "M8 2.5 14.2 13.2H1.8zM8 6.4v3.2m0 1.6v.2",
  copy: "M5.5 5.5v-3h8v8h-3m-8-5h8v8h-8z",
  bell: "M4 11V7.2a4 4 0 0 1 8 0V11l1.2 1.3H2.8zM6.6 14h2.8",
  bell_off: "M4 11V7.2a4 4 0 0 1 8 0V11l1.2 1.3H2.8zM6.6 14h2.8M2 2l12 12",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9m3.3 7.8 3.2 3.2",
  arrow: "M3 8h9.5M9 4.5 12.5 8 9 11.5",
} as const;

/** The name of an icon. */
export type IconName = keyof typeof PATHS;

/** An outline icon in the colour of the surrounding text. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg
      class={`icon icon-${name}`}
      viewBox="0 0 16 16"
      width="14"
      height="14"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
