/** @jsxImportSource preact */
/**
 * What a page says of a task that was removed, and the way back.
 *
 * @module
 */

import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { taskPageUrl } from "../shared/links.ts";
import type { TaskView } from "../shared/view.ts";
import { ActionButton } from "./controls.tsx";

/** Says that the task was removed, and offers to take that back while it can be. */
export function Removal({ view }: { readonly view: TaskView }): JSX.Element | null {
  const removedAt = view.removedAt.value;
  if (removedAt === null) return null;
  const left = Math.min(view.undoSeconds, Math.ceil(removedAt + view.undoSeconds - view.now.value));
  return (
    <div class="notice notice-info removal">
      <p role="status">This task was removed. What is here is what was known last.</p>
      {left > 0 && <Undo view={view} left={left} />}
    </div>
  );
}

/** The button takes the focus of the one that removed the task, and gives it to the title when it goes. */
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
        for {left} s <span class="visually-hidden">more</span>
      </span>
    </div>
  );
}
