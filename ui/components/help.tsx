/** @jsxImportSource preact */
/**
 * The dialog that lists the keyboard shortcuts.
 *
 * @module
 */

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { areSingleKeysEnabled, enableSingleKeys, isShortcut } from "../shared/shortcuts.ts";
import type { FrameView } from "../shared/view.ts";
import { serverRendered } from "./server_rendered.ts";

interface HelpProps {
  readonly view: FrameView;
  /** The content of the dialog; rendered on the server only. */
  readonly content: JSX.Element | undefined;
}

/** The help button and the dialog that it opens. The button is rendered only if the page's script runs. */
export function Help({ view, content }: HelpProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const isScripted = view.scripted.value;

  useEffect(() => {
    if (!isScripted) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "?" || !isShortcut(event)) return;
      event.preventDefault();
      toggle(dialog.current);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [isScripted]);

  return (
    <>
      {isScripted && (
        <button
          type="button"
          class="button button-icon"
          aria-label="Keyboard shortcuts"
          aria-haspopup="dialog"
          aria-keyshortcuts="?"
          onClick={() => toggle(dialog.current)}
        >
          ?
        </button>
      )}
      <dialog
        ref={dialog}
        class="help"
        aria-labelledby="help-title"
        onClick={(event) => event.target === dialog.current && dialog.current?.close()}
        onChange={(event) => enableSingleKeys((event.target as HTMLInputElement).checked)}
        {...serverRendered(content)}
      />
    </>
  );
}

/** No focus handling is needed: when a modal dialog closes, the browser restores the focus. */
function toggle(dialog: HTMLDialogElement | null): void {
  if (dialog === null) return;
  if (dialog.open) return dialog.close();
  dialog.querySelector("input")!.checked = areSingleKeysEnabled();
  dialog.showModal();
}
