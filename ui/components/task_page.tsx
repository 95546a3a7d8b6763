/** @jsxImportSource preact */
/**
 * The content of the page of a single task.
 *
 * @module
 */

import { type ComponentChildren, Fragment, type JSX } from "preact";
import { formatCount, formatDuration, formatPercent, formatRate } from "../../lib/text/format.ts";
import type { Task } from "../../lib/task/task.ts";
import { hasEnded, nameWords, statusWords } from "../../lib/task/task_view.ts";
import { taskCommands } from "../shared/commands.ts";
import { clientPageUrl, namePageUrl, shareUrl, taskPageUrl } from "../shared/links.ts";
import type { TaskView } from "../shared/view.ts";
import { AttemptsSection, Neighbours } from "./attempts.tsx";
import { CopyButton } from "./controls.tsx";
import { Command } from "./details.tsx";
import { SectionHead, Shell } from "./frame.tsx";
import { JsonSection } from "./json_tree.tsx";
import { serverRendered } from "./server_rendered.ts";
import { Pace, PaceLegend, PaceMark } from "./pace.tsx";
import { SubtasksSection } from "./subtasks.tsx";
import { RemovalNotice } from "./removal_notice.tsx";
import {
  Counts,
  errorWords,
  ProgressBar,
  progressReached,
  StaleFlag,
  StatePill,
  Tags,
} from "./task_elements.tsx";
import { CancelButton, RemoveButton, RetryButton } from "./task_actions.tsx";
import { Ago, DateTime, Elapsed, Estimate } from "./time.tsx";
import { ProgressChart, TimelineSection } from "./timeline.tsx";

interface ViewProps {
  readonly view: TaskView;
}

interface TaskPageProps extends ViewProps {
  /** The log; rendered on the server, and then in the browser by the log's own script. */
  readonly log?: JSX.Element;
  /** The values over time; rendered on the server, and then in the browser by the values' own script. */
  readonly values?: JSX.Element;
  /** The content of the help dialog; rendered on the server only. */
  readonly help?: JSX.Element;
  /** The form that runs the task again with other arguments; rendered on the server only. */
  readonly again?: JSX.Element;
}

/** The content of a task page. */
export function TaskPage({ view, log, values, help, again }: TaskPageProps): JSX.Element {
  const { frame } = view;
  const task = view.task.value;
  const logPlace = <div key="log" id="log" class="section-place" {...serverRendered(log)} />;
  return (
    <Shell
      view={view}
      self={taskPageUrl(frame, task.id)}
      share={shareUrl(frame, task.id)}
      {...(help !== undefined && { help })}
    >
      <main class="columns columns-task">
        <div class="column-tasks" id="tasks" tabIndex={-1}>
          {!frame.visitor.seesOneTask && <Crumbs view={view} />}
          <Hero view={view} />
          <ErrorSection view={view} task={task} />
          {task.state === "ERROR" && logPlace}
          {task.result !== null && (
            <JsonSection view={view} id="result-title" title="Result" value={task.result} />
          )}
          <TimelineSection view={view} />
          <ProgressChart view={view} />
          <div id="values" class="section-place" {...serverRendered(values)} />
          <SubtasksSection view={view} />
          {task.state !== "ERROR" && logPlace}
          {Object.keys(task.metadata).length > 0 && (
            <JsonSection view={view} id="metadata-title" title="Metadata" value={task.metadata} />
          )}
        </div>
        <div class="column-facts">
          <Facts view={view} task={task} />
          <AttemptsSection view={view} />
          <div class="again" {...serverRendered(again)} />
          {frame.visitor.mayChange && (
            <section aria-labelledby="terminal-title">
              <SectionHead view={view} id="terminal-title" title="From your terminal" count="" />
              <ul class="commands">
                {taskCommands(frame, task.id, !hasEnded(task)).map((line) => (
                  <Command key={line.purpose} view={view} {...line} />
                ))}
              </ul>
            </section>
          )}
        </div>
      </main>
    </Shell>
  );
}

function Crumbs({ view }: ViewProps): JSX.Element {
  const { frame } = view;
  const task = view.task.value;
  const parent = view.parent.value;
  return (
    <nav class="crumbs" aria-label="Breadcrumb">
      <a href={clientPageUrl(frame)}>All tasks of {String(frame.client)}</a>
      {parent !== null && (
        <>
          <span aria-hidden="true">/</span>
          <a href={taskPageUrl(frame, parent.id)}>Parent task</a>
        </>
      )}
      <span aria-hidden="true">/</span>
      <a href={namePageUrl(frame, task.name)}>Past runs</a>
      <Neighbours view={view} />
    </nav>
  );
}

function Hero({ view }: ViewProps): JSX.Element {
  const task = view.task.value;
  const ended = hasEnded(task);
  const rate = formatRate(task);
  const words = statusWords(task);
  const hasCounts = task.current !== null || task.total !== null;
  // The bar of an ended task shows how far the task got.
  const showsProgress = !ended || progressReached(task) !== null;
  return (
    <section class="hero" data-task-id={task.id} data-state={task.state} aria-labelledby="task-title">
      <RemovalNotice view={view} />
      <div class="hero-head">
        <h1 id="task-title" tabIndex={-1}>{nameWords(task)}</h1>
        <StatePill task={task} />
        <Tags
          task={task}
          hrefOf={view.frame.visitor.seesOneTask
            ? undefined
            : (tag) => `${clientPageUrl(view.frame)}?tag=${encodeURIComponent(tag)}`}
        />
        {view.removedAt.value === null && (
          <div class="hero-action">
            {ended && task.retryable && <RetryButton view={view} task={task} isOwnPage />}
            {ended
              ? <RemoveButton view={view} task={task} isOwnPage />
              : <CancelButton view={view} task={task} isOwnPage />}
          </div>
        )}
      </div>
      {showsProgress && (
        <div class="hero-progress">
          <span class="hero-percent number">{formatPercent(task.progress)}</span>
          <div class="hero-bar">
            <ProgressBar task={task} />
            <PaceMark view={view} task={task} />
          </div>
          <PaceLegend view={view} task={task} />
        </div>
      )}
      {(!ended || words !== "") && <p class="hero-status">{words}</p>}
      <StaleFlag view={view} task={task} />
      {!ended && task.cancel_requested && (
        <p class="hero-asked">Cancellation requested. The task stops as soon as its code checks for it.</p>
      )}
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
            <Figure label="Time left">
              <Estimate view={view} task={task} />
            </Figure>
          )}
        {task.expected_duration !== null && (
          <>
            {/* Only a successful run can be compared with past runs; while a task has no progress, its estimate says how long past runs took. */}
            {(!ended || task.state === "FINISHED") && (
              <Figure label="Pace">
                <Pace view={view} task={task} />
              </Figure>
            )}
            {(ended || task.progress !== null) && (
              <Figure label="Usually">{formatDuration(task.expected_duration)}</Figure>
            )}
          </>
        )}
        {!ended && <Figure label="Rate">{rate === "" ? "—" : rate}</Figure>}
        {(hasCounts || !ended) && <Figure label="Done">{hasCounts ? <Counts task={task} /> : "—"}</Figure>}
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

interface SectionProps extends ViewProps {
  readonly task: Task;
}

function ErrorSection({ view, task }: SectionProps): JSX.Element | null {
  const { error } = task;
  if (error === null) return null;
  const [heading, text] = errorWords(error);
  return (
    <section class="panel-section panel-error" aria-labelledby="error-title">
      <h2 id="error-title">{heading}</h2>
      {text !== "" && <p class="error-message">{text}</p>}
      {error.stack !== undefined && (
        <details class="error-stack" open>
          <summary>Stack</summary>
          <div class="command-line">
            <pre class="code" tabIndex={0} aria-label="Stack">{String(error.stack)}</pre>
            <CopyButton view={view} text={error.stack} what="the stack" />
          </div>
        </details>
      )}
    </section>
  );
}

function Facts({ view, task }: SectionProps): JSX.Element {
  return (
    <section aria-labelledby="facts-title">
      <SectionHead view={view} id="facts-title" title="Details" count="" />
      <dl class="facts">
        <dt>ID</dt>
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
        <dt>Reported by</dt>
        <dd title={task.reporter ?? undefined}>{reporterText(task.reporter)}</dd>
        {RUN_FACTS.map(([key, label]) => {
          const value = task.metadata[key];
          return typeof value !== "string" && typeof value !== "number" ? null : (
            <Fragment key={key}>
              <dt>{label}</dt>
              <dd>
                <code>{value}</code>
              </dd>
            </Fragment>
          );
        })}
      </dl>
    </section>
  );
}

/** The keys of the metadata that `taskscope run` reports, with their labels. */
const RUN_FACTS = [["command", "Command"], ["folder", "Folder"], ["host", "Host"], [
  "pid",
  "Process",
]] as const;

/** Describes in words which kind of program reports a task. */
function reporterText(reporter: string | null): string {
  if (reporter === null) return "this server";
  if (reporter.startsWith("node:")) return `node ${reporter.slice(5, 11)}`;
  return reporter === "http" ? "HTTP API" : "another program";
}
