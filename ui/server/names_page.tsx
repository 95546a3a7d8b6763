/** @jsxImportSource preact */
/**
 * The pages about past runs: one about all task names of a client, and one about a single name.
 *
 * @module
 */

import type { JSX } from "preact";
import { countNoun, formatCount, formatDuration } from "../../lib/text/format.ts";
import { clientPageUrl, namePageUrl, namesPageUrl, taskPageUrl } from "../shared/links.ts";
import { EVERYTHING, listSearch } from "../shared/list_query.ts";
import type { RunStats } from "../../lib/task/run_stats.ts";
import type { RunSummary } from "../../lib/task/run_summary.ts";
import type { PageFrame } from "../shared/model.ts";
import type { FrameView } from "../shared/view.ts";
import { DurationChart, FailureChart } from "./run_histogram.tsx";
import { type RunBar, RunBars, runText } from "./run_bars.tsx";
import { StateLabel, stateText } from "../components/task_elements.tsx";
import { Ago } from "../components/time.tsx";

/** The maximum number of runs in a chart. */
const MAX_RUNS = 20;

interface NamesPageProps {
  readonly view: FrameView;
  readonly names: readonly RunStats[];
  /** The name after which the next page begins; `null` on the last page. */
  readonly next: string | null;
}

/** A page about the past runs of the task names. */
export function NamesPage({ view, names, next }: NamesPageProps): JSX.Element {
  const { frame } = view;
  return (
    <main class="names" id="tasks" tabIndex={-1}>
      <p class="names-crumbs">
        <a href={clientPageUrl(frame)}>All tasks</a>
      </p>
      <h1>Past runs by name</h1>
      {names.length === 0
        ? (
          <p class="empty">
            No runs yet. <a href={clientPageUrl(frame)}>The task list</a> shows how to create one.
          </p>
        )
        : (
          <div class="names-scroll" tabIndex={0} role="region" aria-label="Names">
            {/* With explicit roles, this stays a table for screen readers when CSS shows each row as a card. */}
            <table class="names-table" role="table">
              <thead role="rowgroup">
                <tr role="row">
                  <th scope="col" role="columnheader">Name</th>
                  <th scope="col" role="columnheader" class="number">Runs</th>
                  <th scope="col" role="columnheader" class="number">Active</th>
                  <th scope="col" role="columnheader" class="number">Failed</th>
                  <th scope="col" role="columnheader" class="number">Median</th>
                  <th scope="col" role="columnheader" class="number">95th percentile</th>
                  <th scope="col" role="columnheader">Last {MAX_RUNS}</th>
                </tr>
              </thead>
              <tbody role="rowgroup">
                {names.map((each) => <NameRow key={each.name} frame={frame} stats={each} />)}
              </tbody>
            </table>
          </div>
        )}
      {next !== null && (
        <p class="names-crumbs">
          <a href={namesPageUrl(frame, next)}>More names</a>
        </p>
      )}
    </main>
  );
}

function NameRow({ frame, stats }: { readonly frame: PageFrame; readonly stats: RunStats }): JSX.Element {
  // On a narrow screen, each row is a card that repeats the headings.
  const cells = [
    ["Runs", formatCount(stats.runs)],
    ["Active", stats.active === 0 ? "—" : formatCount(stats.active)],
    ["Failed", rateText(stats.failure_rate)],
    ["Median", durationText(stats.median)],
    ["95 %", durationText(stats.p95)],
  ] as const;
  return (
    <tr role="row">
      <th scope="row" role="rowheader">
        <a href={namePageUrl(frame, stats.name)}>{String(stats.name)}</a>
      </th>
      {cells.map(([label, value]) => (
        <td key={label} role="cell" class="number" data-label={label}>{value}</td>
      ))}
      <td role="cell" class="names-bars">
        <RunBars now={frame.now} runs={barsOf(stats, frame, false)} most={MAX_RUNS} />
      </td>
    </tr>
  );
}

interface NamePageProps {
  readonly view: FrameView;
  readonly stats: RunStats;
  /** The past runs, latest end first. */
  readonly runs: readonly RunSummary[];
}

/** The page about the past runs of one task name. */
export function NamePage({ view, stats, runs: pastRuns }: NamePageProps): JSX.Element {
  const { frame } = view;
  const { name, runs, active, last } = stats;
  const list = `${clientPageUrl(frame)}${listSearch({ ...EVERYTHING, name })}`;
  return (
    <main class="names" id="tasks" tabIndex={-1}>
      <p class="names-crumbs">
        <a href={clientPageUrl(frame)}>All tasks</a> / <a href={namesPageUrl(frame)}>Past runs</a>
      </p>
      <div class="names-head">
        <h1>{String(name)}</h1>
        <a class="button" href={list}>
          {active > 0 ? `Show tasks, ${formatCount(active)} active` : "Show tasks"}
        </a>
      </div>
      <dl class="names-figures">
        <Figure title="Runs" value={formatCount(runs)} />
        <Figure title="Failed" value={rateText(stats.failure_rate)} />
        <Figure title="Median" value={durationText(stats.median)} />
        <Figure title="95th percentile" value={durationText(stats.p95)} />
      </dl>
      {last.length === 0 ? <p class="empty">No run has ended yet.</p> : (
        <>
          <div class="run-charts">
            <DurationChart view={view} runs={pastRuns} />
            <FailureChart view={view} runs={pastRuns} />
          </div>
          <section aria-labelledby="runs-title">
            <h2 id="runs-title">Last {countNoun(last.length, "run")}</h2>
            <div class="run-panel">
              <RunBars
                now={frame.now}
                runs={barsOf(stats, frame, true)}
                most={MAX_RUNS}
                label="Duration of each run, oldest first"
              />
              <p class="run-legend">
                <span>Oldest</span>
                <span>
                  <span>×</span> failed · <span>–</span> cancelled
                </span>
                <span>Latest</span>
              </p>
            </div>
          </section>
          <ol class="run-list">
            {last.map((run) => (
              <li key={run.id}>
                {run.kept
                  ? <a href={taskPageUrl(frame, run.id)}>{run.id}</a>
                  : <span class="run-gone" title="The task is no longer kept">{run.id}</span>}
                <StateLabel state={run.state} />
                <span class="number">{durationText(run.duration)}</span>
                {run.finished_at !== null && <Ago view={view} at={run.finished_at} />}
              </li>
            ))}
          </ol>
        </>
      )}
    </main>
  );
}

function Figure({ title, value }: { readonly title: string; readonly value: string }): JSX.Element {
  return (
    <div class="names-figure">
      <dt>{title}</dt>
      <dd class="number">{value}</dd>
    </div>
  );
}

/** The bars of the last runs of a name, oldest run first. */
function barsOf({ last }: RunStats, frame: PageFrame, isLinked: boolean): RunBar[] {
  return last.toReversed().map((run) => ({
    id: run.id,
    state: run.state,
    duration: run.duration,
    label: runText(stateText(run.state), run.duration),
    endedAt: run.finished_at ?? 0,
    ...(isLinked && run.kept && { href: taskPageUrl(frame, run.id) }),
  }));
}

function durationText(seconds: number | null): string {
  return seconds === null ? "—" : formatDuration(seconds);
}

function rateText(rate: number | null): string {
  if (rate === null) return "—";
  if (rate > 0 && rate < 0.01) return "< 1%";
  return `${rate < 1 ? Math.min(99, Math.round(rate * 100)) : 100}%`;
}
