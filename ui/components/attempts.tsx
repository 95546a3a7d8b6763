/** @jsxImportSource preact */
/**
 * Links from a task to its other attempts and to the neighbouring runs of the same name.
 *
 * @module
 */

import type { JSX } from "preact";
import { taskPageUrl } from "../shared/links.ts";
import type { Neighbour } from "../shared/relations.ts";
import type { TaskView } from "../shared/view.ts";
import { SectionHead } from "./frame.tsx";
import { StatePill } from "./task_elements.tsx";
import { Ago } from "./time.tsx";

interface ViewProps {
  readonly view: TaskView;
}

/** A list of a task's attempts, with the page's own attempt highlighted. */
export function AttemptsSection({ view }: ViewProps): JSX.Element | null {
  const attempts = view.attempts.value;
  const { id, retry_of: origin } = view.task.value;
  // A visitor with access to this task alone does not see whether other attempts exist.
  const isOriginGone = origin !== null && !view.frame.visitor.seesOneTask &&
    !attempts.some((other) => other.id === origin);
  if (attempts.length < 2 && !isOriginGone) return null;
  return (
    <section aria-labelledby="attempts-title">
      <SectionHead view={view} id="attempts-title" title="Attempts" count="" />
      <ol class="attempts">
        {isOriginGone && <li class="attempt-gone">The previous attempt was removed</li>}
        {attempts.map((run) => (
          <li key={run.id} class="attempt" {...(run.id === id && { "aria-current": "page" as const })}>
            <span class="number">
              {run.id === id
                ? <>Attempt {run.attempt}</>
                : <a href={taskPageUrl(view.frame, run.id)}>Attempt {run.attempt}</a>}
            </span>
            <StatePill task={run} />
            <Ago view={view} at={run.created_at} />
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Links to the previous and the next run of the same name. */
export function Neighbours({ view }: ViewProps): JSX.Element | null {
  const previous = view.previous.value;
  const next = view.next.value;
  if (previous === null && next === null) return null;
  const link = (run: Neighbour, rel: string, words: string) => (
    <a rel={rel} href={taskPageUrl(view.frame, run.id)}>{words}</a>
  );
  return (
    <span class="neighbours">
      {previous !== null && link(previous, "prev", "← Previous run")}
      {next !== null && link(next, "next", "Next run →")}
    </span>
  );
}
