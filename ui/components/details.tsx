/** @jsxImportSource preact */
/**
 * The expandable details of a row: stack, metadata and the whole result.
 *
 * @module
 */

import type { JSX } from "preact";
import type { JsonValue, Task } from "../../lib/task/task.ts";
import { formatJson } from "../../lib/text/format.ts";
import { taskPageUrl } from "../shared/links.ts";
import type { FrameView } from "../shared/view.ts";
import { CopyButton } from "./controls.tsx";

/** The maximum number of characters of a stack or a value in a row; the task page shows the whole text. */
const MAX_ROW_CHARACTERS = 2_000;

interface TaskProps {
  readonly view: FrameView;
  readonly task: Task;
}

/** The stack, the result and the metadata of an ended task, in a collapsed element. */
export function TaskDetails({ view, task }: TaskProps): JSX.Element | null {
  const stack = task.error?.stack;
  const hasMetadata = Object.keys(task.metadata).length > 0;
  const resultIsLong = task.result !== null && formatJson(task.result, 200).length > 80;
  if (stack === undefined && !hasMetadata && !resultIsLong) return null;
  return (
    <details class="row-details">
      <summary>
        {[stack !== undefined && "Stack", resultIsLong && "Result", hasMetadata && "Metadata"].filter(Boolean)
          .join(", ")}
      </summary>
      {stack !== undefined && <pre class="code" tabIndex={0}>{cut(stack, MAX_ROW_CHARACTERS)}</pre>}
      {resultIsLong && <Json value={task.result} most={MAX_ROW_CHARACTERS} label="Result" />}
      {hasMetadata && <Json value={task.metadata} most={MAX_ROW_CHARACTERS} label="Metadata" />}
      <a class="row-more" href={taskPageUrl(view.frame, task.id)}>Open the task page</a>
    </details>
  );
}

interface JsonProps {
  readonly value: JsonValue;
  readonly most?: number;
  readonly label: string;
}

/** A value as indented JSON. */
export function Json({ value, most = Infinity, label }: JsonProps): JSX.Element {
  return (
    <pre class="code" tabIndex={0} aria-label={label}>
      {cut(JSON.stringify(value, null, 2) ?? "null", most)}
    </pre>
  );
}

interface CommandProps {
  readonly view: FrameView;
  /** The heading above the command, such as "All tasks as JSON". */
  readonly purpose: string;
  readonly command: string;
}

/** A shell command with a button that copies it. */
export function Command({ view, purpose, command }: CommandProps): JSX.Element {
  return (
    <li class="command">
      <span class="command-purpose">{purpose}</span>
      <div class="command-line">
        <pre class="code" tabIndex={0} aria-label={purpose}>{command}</pre>
        <CopyButton view={view} text={command} what={`the command: ${purpose}`} />
      </div>
    </li>
  );
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}\n… truncated; the task page shows all of it` : text;
}
