/** @jsxImportSource preact */
/**
 * The texts in place of an empty list, which explain how to create a task.
 *
 * @module
 */

import type { JSX } from "preact";
import { DEFAULT_CLIENT } from "../../lib/task/grammar.ts";
import { clientPageUrl, installUrl } from "../shared/links.ts";
import type { ClientView } from "../shared/view.ts";
import { Command } from "./details.tsx";

interface ViewProps {
  readonly view: ClientView;
}

/** The text if a client has no active tasks, or has never had a task. */
export function ActiveEmpty({ view }: ViewProps): JSX.Element {
  const { frame } = view;
  if (view.counts.value.ended > 0) {
    return (
      <div class="empty">
        <p class="empty-title">Nothing is running</p>
        <p>New tasks appear here automatically.</p>
      </div>
    );
  }
  return (
    <div class="empty">
      <p class="empty-title">No tasks yet</p>
      <p>
        Report one from your own program in one of three ways
        {view.hasStartForms && ", or start one on this page"}. New tasks appear here automatically.
      </p>
      <ol class="getting-started commands">
        {view.gettingStarted.map((line) => <Command key={line.purpose} view={view} {...line} />)}
      </ol>
      <p>
        <a href={installUrl(frame)}>Lines to paste for Deno, Node, Python, shells and more</a>
      </p>
      {frame.client !== DEFAULT_CLIENT && (
        <p>
          Tasks without a client are listed under{" "}
          <a href={clientPageUrl({ ...frame, client: DEFAULT_CLIENT })}>{DEFAULT_CLIENT}</a>.
        </p>
      )}
    </div>
  );
}
