/** @jsxImportSource preact */
/**
 * The pages about past runs: one about all task names of a client, and one about a single name.
 *
 * @module
 */

import type { JSX } from "preact";
import { countNoun, formatAgo, formatCount, formatDuration } from "../../lib/text/format.ts";
import { clientPageUrl, namePageUrl, namesPageUrl, taskPageUrl } from "../shared/links.ts";
import { EVERYTHING, listSearch } from "../shared/list_query.ts";
import type { RunStats } from "../../lib/task/run_stats.ts";
import type { PageFrame } from "../shared/model.ts";
import type { FrameView } from "../shared/view.ts";
import { Shell } from "../components/frame.tsx";
import { type RunBar, RunBars, runText } from "./run_bars.tsx";
import { StateLabel, stateText } from "../components/task_elements.tsx";
import { Ago } from "../components/time.tsx";

/** The maximum number of runs in a chart. */
const MAX_RUNS = 20;

interface NamesPageProps {
  readonly view: FrameView;
  readonly names: readonly RunStats[];
}

/** The page about the past runs of all task names. */
export function NamesPage({ view, names }: NamesPageProps): JSX.Element {
  const { frame } = view;
  return (
    <Shell view={view} self={namesPageUrl(frame)}>
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
              <table class="names-table">
                <thead>
                  <tr>
                    <th scope="col">Name</th>
                    <th scope="col" class="number">Runs</th>
                    <th scope="col" class="number">Active</th>
                    <th scope="col" class="number">Failed</th>
                    <th scope="col" class="number">Median</th>
                    <th scope="col" class="number">95th percentile</th>
                    <th scope="col">Last {MAX_RUNS}</th>
                  </tr>
                </thead>
                <tbody>{names.map((each) => <NameRow key={each.name} frame={frame} stats={each} />)}</tbody>
              </table>
            </div>
          )}
      </main>
    </Shell>
  );
}

function NameRow({ frame, stats }: { readonly frame: PageFrame; readonly stats: RunStats }): JSX.Element {
  return (
    <tr>
      <th scope="row">
        <a href={namePageUrl(frame, stats.name)}>{String(stats.name)}</a>
      </th>
      <td class="number">{formatCount(stats.runs)}</td>
      <td class="number">{stats.active === 0 ? "—" : formatCount(stats.active)}</td>
      <td class="number">{rateText(stats.failure_rate)}</td>
      <td class="number">{durationText(stats.median)}</td>
      <td class="number">{durationText(stats.p95)}</td>
      <td class="names-bars">
        <RunBars runs={barsOf(stats, frame, false)} most={MAX_RUNS} />
      </td>
    </tr>
  );
}

interface NamePageProps {
  readonly view: FrameView;
  readonly stats: RunStats;
}

/** The page about the past runs of one task name. */
export function NamePage({ view, stats }: NamePageProps): JSX.Element {
  const { frame } = view;
  const { name, runs, active, last } = stats;
  const list = `${clientPageUrl(frame)}${listSearch({ ...EVERYTHING, name })}`;
  return (
    <Shell view={view} self={namePageUrl(frame, name)}>
      <main class="names" id="tasks" tabIndex={-1}>
        <p class="names-crumbs">
          <a href={clientPageUrl(frame)}>All tasks</a> / <a href={namesPageUrl(frame)}>Past runs</a>
        </p>
        <div class="names-head">
          <h1>{String(name)}</h1>
          <a class="button" href={list}>
            {active > 0 ? `${countNoun(runs + active, "task")}, ${formatCount(active)} active` : "Show tasks"}
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
            <section aria-labelledby="runs-title">
              <h2 id="runs-title">Last {countNoun(last.length, "run")}</h2>
              <div class="run-panel">
                <RunBars
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
                  <a href={taskPageUrl(frame, run.id)}>{run.id}</a>
                  <StateLabel state={run.state} />
                  <span class="number">{durationText(run.duration)}</span>
                  {run.finished_at !== null && <Ago view={view} at={run.finished_at} />}
                </li>
              ))}
            </ol>
          </>
        )}
      </main>
    </Shell>
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
    label: runText(stateText(run.state), run.duration, formatAgo(frame.now - (run.finished_at ?? 0))),
    ...(isLinked && { href: taskPageUrl(frame, run.id) }),
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
