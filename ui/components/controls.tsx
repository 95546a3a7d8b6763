/** @jsxImportSource preact */
/**
 * The buttons of a page. An action's button works as a plain form; with JavaScript, it calls the REST API
 * instead and shows any error beside itself.
 *
 * @module
 */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { FrameView } from "../shared/view.ts";
import { Icon } from "./icons.tsx";

/** Returns the message of a caught error, to show on the page. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface ActionButtonProps {
  /** The URL to which the form is submitted without JavaScript. */
  readonly action: string;
  readonly label: string;
  readonly busyLabel: string;
  /** The accessible name of the button, which also names the task, as in "Cancel backup". */
  readonly description: string;
  /** Whether the action is already in progress. */
  readonly busy?: boolean;
  /** Performs the action with JavaScript; if `undefined`, the button submits the form. */
  readonly run: (() => Promise<void>) | undefined;
  /** Undoes the action; `undefined` if it has not begun or can no longer be undone. */
  readonly undo?: (() => void) | undefined;
}

/** A button that performs one action on one task. */
export function ActionButton(props: ActionButtonProps): JSX.Element {
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState("");
  const { run, undo, busy = false } = props;

  async function submit(event: Event): Promise<void> {
    if (run === undefined) return;
    event.preventDefault();
    if (undo !== undefined) return undo();
    if (sending) return;
    setSending(true);
    setProblem("");
    try {
      await run();
    } catch (error) {
      setProblem(errorMessage(error));
    }
    setSending(false);
  }

  return (
    <form class="action" method="post" action={props.action} onSubmit={submit}>
      <button
        type="submit"
        class={undo === undefined ? "button button-quiet" : "button button-undo"}
        data-does={undo === undefined ? "act" : "undo"}
        disabled={busy}
        aria-label={props.description}
      >
        {undo !== undefined ? "Undo" : busy || sending ? props.busyLabel : props.label}
      </button>
      {problem !== "" && <p class="problem" role="alert">{problem}</p>}
    </form>
  );
}

interface CopyButtonProps {
  readonly view: FrameView;
  readonly text: string;
  /** A name for the copied text, for the button's label, such as "the client token". */
  readonly what: string;
}

/** How long the button shows that the text was copied, in milliseconds. */
const COPIED_MS = 1_500;

/** A button that copies a text to the clipboard. Rendered only if the page's script runs. */
export function CopyButton({ view, text, what }: CopyButtonProps): JSX.Element | null {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  const { actions } = view;
  if (!view.scripted.value || actions === null) return null;

  async function copy(): Promise<void> {
    const done = await actions?.copy(text).then(() => "copied" as const, () => "failed" as const);
    setState(done ?? "failed");
    setTimeout(() => setState("idle"), COPIED_MS);
  }

  return (
    <button
      type="button"
      class="button button-icon"
      data-state={state}
      aria-label={`Copy ${what}`}
      onClick={copy}
    >
      <Icon name={state === "copied" ? "finished" : state === "failed" ? "failed" : "copy"} />
      <span class="visually-hidden" role="status">
        {state === "copied" ? "Copied" : state === "failed" ? "Copy failed" : ""}
      </span>
    </button>
  );
}
