/** @jsxImportSource preact */
/**
 * The page of one task.
 *
 * @module
 */

import type { ComponentChildren, JSX } from "preact";
import { formatCount, formatPercent, formatRate } from "../../lib/format.ts";
import type { Task } from "../../lib/task.ts";
import { hasEnded, statusWords } from "../../lib/task_view.ts";
import { taskCommands } from "../commands.ts";
import { clientPageUrl, taskPageUrl } from "../links.ts";
import type { TaskView } from "../view.ts";
import { CopyButton } from "./controls.tsx";
import { Command, Json } from "./details.tsx";
import { SectionHead, Shell } from "./frame.tsx";
import { LogSection } from "./log.tsx";
import { Counts, errorWords, ProgressBar, StaleFlag, StatePill, Tags } from "./task_parts.tsx";
import { ActiveRow, CancelButton, EndedRow, RemoveButton, Rows } from "./task_rows.tsx";
import { Ago, DateTime, Elapsed, TimeLeft } from "./time.tsx";

interface TaskPageProps {
  readonly view: TaskView;
}

/** The whole page. */
export function TaskPage({ view }: TaskPageProps): JSX.Element {
  const { frame } = view;
  const task = view.task.value;
  return (
    <Shell view={view} self={taskPageUrl(frame, task.id)}>
      <main class="columns columns-task">
        <div class="column-tasks" id="tasks" tabIndex={-1}>
          <nav class="crumbs" aria-label="Breadcrumb">
            <a href={clientPageUrl(frame)}>All tasks of {String(frame.client)}</a>
            {task.parent_id !== null && (
              <>
                <span aria-hidden="true">/</span>
                <a href={taskPageUrl(frame, task.parent_id)}>Parent task</a>
              </>
            )}
          </nav>
          <Hero view={view} />
          <ErrorSection task={task} />
          <ResultSection view={view} task={task} />
          <ChildrenSection view={view} />
          <LogSection view={view} />
          <MetadataSection view={view} task={task} />
        </div>
        <div class="column-facts">
          <Facts view={view} task={task} />
          <section aria-labelledby="terminal-title">
            <SectionHead view={view} id="terminal-title" title="From your terminal" count="" />
            <ul class="commands">
              {taskCommands(frame, task.id, !hasEnded(task)).map((line) => (
                <Command key={line.purpose} view={view} {...line} />
              ))}
            </ul>
          </section>
        </div>
      </main>
    </Shell>
  );
}

function Hero({ view }: TaskPageProps): JSX.Element {
  const task = view.task.value;
  const ended = hasEnded(task);
  const rate = formatRate(task);
  const words = statusWords(task);
  // How far it came matters where it did not come to its end.
  const showsProgress = !ended || (task.state !== "FINISHED" && task.progress !== null);
  return (
    <section class="hero" data-task-id={task.id} data-state={task.state} aria-labelledby="task-title">
      {view.removed.value && (
        <p class="notice notice-info" role="status">
          This task was removed. What is here is what was known last.
        </p>
      )}
      <div class="hero-head">
        <h1 id="task-title">{String(task.name)}</h1>
        <StatePill task={task} />
        <Tags task={task} />
        <div class="hero-action">
          {ended
            ? !view.removed.value && <RemoveButton view={view} task={task} />
            : <CancelButton view={view} task={task} />}
        </div>
      </div>
      {showsProgress && (
        <div class="hero-progress">
          <span class="hero-percent number">{formatPercent(task.progress)}</span>
          <ProgressBar task={task} />
        </div>
      )}
      {(!ended || words !== "") && <p class="hero-status">{words}</p>}
      <StaleFlag view={view} task={task} />
      <dl class="figures">
        <Figure label={ended ? "Duration" : "Elapsed"}>
          <Elapsed view={view} task={task} />
        </Figure>
        {ended
          ? (
            <Figure label="Ended">
              <Ago view={view} at={task.finished_at ?? task.updated_at} />
            </Figure>
          )
          : (
            <Figure label="Estimate">
              <TimeLeft view={view} task={task} />
            </Figure>
          )}
        {!ended && <Figure label="Rate">{rate === "" ? "—" : rate}</Figure>}
        <Figure label="Done">
          {task.current === null && task.total === null ? "—" : <Counts task={task} />}
        </Figure>
      </dl>
    </section>
  );
}

function Figure(
  { label, children }: { readonly label: string; readonly children: ComponentChildren },
): JSX.Element {
  return (
    <div class="figure">
      <dt>{label}</dt>
      <dd class="number">{children}</dd>
    </div>
  );
}

function ErrorSection({ task }: { readonly task: Task }): JSX.Element | null {
  if (task.error === null) return null;
  return (
    <section class="panel-section panel-error" aria-labelledby="error-title">
      <h2 id="error-title">{errorWords(task.error)}</h2>
      <p class="error-message">{String(task.error.message)}</p>
      {task.error.stack !== undefined && (
        <pre class="code" tabIndex={0} aria-label="Stack">{String(task.error.stack)}</pre>
      )}
    </section>
  );
}

interface SectionProps extends TaskPageProps {
  readonly task: Task;
}

function ResultSection({ view, task }: SectionProps): JSX.Element | null {
  if (task.result === null) return null;
  return (
    <section class="panel-section" aria-labelledby="result-title">
      <SectionHead view={view} id="result-title" title="Result" count="" />
      <Json value={task.result} label="Result" />
    </section>
  );
}

function MetadataSection({ view, task }: SectionProps): JSX.Element | null {
  if (Object.keys(task.metadata).length === 0) return null;
  return (
    <section class="panel-section" aria-labelledby="metadata-title">
      <SectionHead view={view} id="metadata-title" title="Metadata" count="" />
      <Json value={task.metadata} label="Metadata" />
    </section>
  );
}

function ChildrenSection({ view }: TaskPageProps): JSX.Element | null {
  const ids = view.children.value;
  if (ids.length === 0) return null;
  return (
    <section class="panel-section" aria-labelledby="children-title">
      <SectionHead view={view} id="children-title" title="Parts" count={formatCount(ids.length)} dated />
      <Rows label="children-title">{ids.map((id) => <ChildRow key={id} view={view} id={id} />)}</Rows>
    </section>
  );
}

/** Parts keep their order, whether they have ended or not. */
function ChildRow({ view, id }: { readonly view: TaskView; readonly id: string }): JSX.Element | null {
  const source = view.child(id);
  if (source === undefined) return null;
  return hasEnded(source.value)
    ? <EndedRow view={view} source={source} />
    : <ActiveRow view={view} source={source} />;
}

function Facts({ view, task }: SectionProps): JSX.Element {
  return (
    <section aria-labelledby="facts-title">
      <SectionHead view={view} id="facts-title" title="Facts" count="" />
      <dl class="facts">
        <dt>Id</dt>
        <dd class="fact-id">
          <code>{task.id}</code>
          <CopyButton view={view} text={task.id} what="the task's id" />
        </dd>
        <dt>Created</dt>
        <dd>
          <DateTime view={view} at={task.created_at} />
        </dd>
        <dt>Started</dt>
        <dd>{task.started_at === null ? "—" : <DateTime view={view} at={task.started_at} />}</dd>
        <dt>Last change</dt>
        <dd>
          <DateTime view={view} at={task.updated_at} />
        </dd>
        <dt>Ended</dt>
        <dd>{task.finished_at === null ? "—" : <DateTime view={view} at={task.finished_at} />}</dd>
        <dt>Attempt</dt>
        <dd class="number">{formatCount(task.attempt)}</dd>
      </dl>
    </section>
  );
}
