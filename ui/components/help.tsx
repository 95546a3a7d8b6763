/** @jsxImportSource preact */
/**
 * The dialog that lists the keyboard shortcuts.
 *
 * @module
 */

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type Shortcut, SHORTCUTS } from "../shared/keys.ts";
import { areSingleKeysEnabled, enableSingleKeys, isShortcut } from "../shared/shortcuts.ts";
import type { FrameView } from "../shared/view.ts";

const PLACES = { everywhere: "Everywhere", list: "In the list", task: "On a task page" } as const;

interface HelpProps {
  readonly view: FrameView;
}

/** The help button, and the dialog that it opens. Rendered only if the page's script runs. */
export function Help({ view }: HelpProps): JSX.Element | null {
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

  if (!isScripted) return null;
  return (
    <>
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
      <dialog
        ref={dialog}
        class="help"
        aria-labelledby="help-title"
        onClick={(event) => event.target === dialog.current && dialog.current?.close()}
      >
        <form class="help-inner" method="dialog">
          <div class="help-head">
            <h2 id="help-title">Keyboard shortcuts</h2>
            <button type="submit" class="button button-quiet">Close</button>
          </div>
          {(["everywhere", "list", "task"] as const).map((where) => (
            <KeyList
              key={where}
              title={PLACES[where]}
              keys={SHORTCUTS.filter((key) => key.where === where)}
            />
          ))}
          <label class="help-setting">
            <input
              type="checkbox"
              defaultChecked={areSingleKeysEnabled()}
              onChange={(event) => enableSingleKeys(event.currentTarget.checked)}
            />
            Enable single-key shortcuts
          </label>
        </form>
      </dialog>
    </>
  );
}

function KeyList({ title, keys }: { readonly title: string; readonly keys: readonly Shortcut[] }) {
  if (keys.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <dl class="help-keys">
        {keys.map((key) => (
          <div key={key.does}>
            <dt>
              {key.keys.map((name) => <kbd key={name}>{name}</kbd>)}
            </dt>
            <dd>{key.does}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** No focus handling is needed: when a modal dialog closes, the browser restores the focus. */
function toggle(dialog: HTMLDialogElement | null): void {
  if (dialog?.open) dialog.close();
  else dialog?.showModal();
}
