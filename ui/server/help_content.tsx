/** @jsxImportSource preact */
/**
 * The content of the dialog that lists the keyboard shortcuts.
 *
 * @module
 */

import type { JSX } from "preact";
import { type Shortcut, SHORTCUTS } from "../shared/keys.ts";

const PLACES = { everywhere: "Everywhere", list: "In the list", task: "On a task page" } as const;

/**
 * The content of the dialog; the page's script only opens and closes it.
 *
 * @param props the URL of the page about reporting to the server
 */
export function HelpContent({ install }: { readonly install: string }): JSX.Element {
  return (
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
      <p>
        <a href={install}>Report to this server</a>
      </p>
      <label class="help-setting">
        <input type="checkbox" /> Enable single-key shortcuts
      </label>
    </form>
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
