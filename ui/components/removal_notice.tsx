/** @jsxImportSource preact */
/**
 * The notice on the page of a removed task, with a button that undoes the removal.
 *
 * @module
 */

import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { taskPageUrl } from "../shared/links.ts";
import type { TaskView } from "../shared/view.ts";
import { ActionButton } from "./controls.tsx";

/** A notice that the task was removed. Offers to undo the removal while the server can restore the task. */
export function RemovalNotice({ view }: { readonly view: TaskView }): JSX.Element | null {
  const removedAt = view.removedAt.value;
  if (removedAt === null) return null;
  const { undoSeconds } = view.frame;
  const left = Math.min(undoSeconds, Math.ceil(removedAt + undoSeconds - view.now.value));
  return (
    <div class="notice notice-info removal">
      <p role="status">This task was removed. This page shows its last known state.</p>
      {left > 0 && <Undo view={view} left={left} />}
    </div>
  );
}

/**
 * The undo button. It receives the focus if the Remove button had it; when the undo button disappears, the
 * focus moves to the title.
 */
function Undo({ view, left }: { readonly view: TaskView; readonly left: number }): JSX.Element {
  const { actions } = view;
  const { id, name } = view.task.value;
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const { activeElement, body } = document;
    if (activeElement === null || activeElement === body) box.current?.querySelector("button")?.focus();
    return () => {
      if (box.current?.contains(document.activeElement)) document.getElementById("task-title")?.focus();
    };
  }, []);
  return (
    <div class="removal-undo" ref={box}>
      <ActionButton
        action={`${taskPageUrl(view.frame, id)}/restore?from=task`}
        label="Undo"
        busyLabel="Restoring…"
        description={`Undo the removal of ${name}`}
        run={actions === null ? undefined : () => actions.restore(id)}
      />
      <span class="removal-left number">
        {left} s <span class="visually-hidden">left to undo</span>
      </span>
    </div>
  );
}
