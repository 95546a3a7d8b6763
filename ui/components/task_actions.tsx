/** @jsxImportSource preact */
/**
 * The buttons that cancel, remove or retry one task.
 *
 * @module
 */

import type { JSX } from "preact";
import type { Task } from "../../lib/task/task.ts";
import { taskPageUrl } from "../shared/links.ts";
import type { FrameView } from "../shared/view.ts";
import { ActionButton } from "./controls.tsx";

interface TaskActionProps {
  readonly view: FrameView;
  readonly task: Task;
  /** Whether the button is on the task's own page; if so, submitting its form leads back to that page. */
  readonly isOwnPage?: boolean;
}

/** A button that cancels a task, and that can undo the cancellation until it is sent. */
export function CancelButton({ view, task, isOwnPage = false }: TaskActionProps): JSX.Element | null {
  const { actions } = view;
  if (!view.frame.visitor.mayChange) return null;
  const isHeld = actions?.held.value.has(task.id) ?? false;
  const words = isHeld ? "Undo the cancellation of" : task.cancel_requested ? "Cancelling" : "Cancel";
  return (
    <ActionButton
      action={actionUrl(view, task, "cancel", isOwnPage)}
      label="Cancel"
      busyLabel="Cancelling…"
      description={`${words} ${task.name}`}
      busy={task.cancel_requested}
      run={actions === null ? undefined : () => actions.cancel(task.id)}
      undo={isHeld ? () => actions?.undoCancel(task.id) : undefined}
    />
  );
}

/** A button that removes a task that has ended. */
export function RemoveButton({ view, task, isOwnPage = false }: TaskActionProps): JSX.Element | null {
  const { actions } = view;
  if (!view.frame.visitor.mayChange) return null;
  return (
    <ActionButton
      action={actionUrl(view, task, "remove", isOwnPage)}
      label="Remove"
      busyLabel="Removing…"
      description={`Remove ${task.name}`}
      run={actions === null ? undefined : () => actions.remove(task.id)}
    />
  );
}

/** A button that starts a new attempt of a task. */
export function RetryButton({ view, task, isOwnPage = false }: TaskActionProps): JSX.Element | null {
  const { actions } = view;
  if (!view.frame.visitor.mayChange) return null;
  return (
    <ActionButton
      action={actionUrl(view, task, "retry", isOwnPage)}
      label="Retry"
      busyLabel="Starting…"
      description={`Retry ${task.name}`}
      run={actions === null ? undefined : () => actions.retry(task.id)}
    />
  );
}

function actionUrl(view: FrameView, task: Task, change: string, isOwnPage: boolean): string {
  return `${taskPageUrl(view.frame, task.id)}/${change}${isOwnPage ? "?from=task" : ""}`;
}
