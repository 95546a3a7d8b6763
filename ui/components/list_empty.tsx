/** @jsxImportSource preact */
/**
 * What the list says where nothing is in it: what to do next.
 *
 * @module
 */

import type { JSX } from "preact";
import { DEFAULT_CLIENT } from "../../lib/task/grammar.ts";
import { clientPageUrl } from "../shared/links.ts";
import type { ClientView } from "../shared/view.ts";
import { Command } from "./details.tsx";

interface ViewProps {
  readonly view: ClientView;
}

/** Nothing runs, or nothing ever did. */
export function ActiveEmpty({ view }: ViewProps): JSX.Element {
  const { frame } = view;
  if (view.counts.value.ended > 0) {
    return (
      <div class="empty">
        <p class="empty-title">Nothing is running</p>
        <p>What is started shows up here by itself.</p>
      </div>
    );
  }
  return (
    <div class="empty empty-first">
      <p class="empty-title">No tasks yet</p>
      <p>
        {view.hasStartable ? "Start one of the tasks that are offered here, or send" : "Send"}{" "}
        one from a program of your own, in one of three ways. It shows up here by itself.
      </p>
      <ol class="ways commands">
        {view.ways.map((line) => <Command key={line.purpose} view={view} {...line} />)}
      </ol>
      {frame.client !== DEFAULT_CLIENT && (
        <p>
          Tasks that name no client are under{" "}
          <a href={clientPageUrl({ ...frame, client: DEFAULT_CLIENT })}>{DEFAULT_CLIENT}</a>.
        </p>
      )}
    </div>
  );
}
