/** @jsxImportSource preact */
/**
 * The page that lists a client's tasks.
 *
 * @module
 */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { DEFAULT_CLIENT } from "../../lib/protocol.ts";
import { clientCommands } from "../commands.ts";
import { countNoun, formatCount } from "../../lib/format.ts";
import { clientPageUrl } from "../links.ts";
import type { ClientView } from "../view.ts";
import { Command } from "./details.tsx";
import { SectionHead, Shell } from "./frame.tsx";
import { StartForm } from "./start_form.tsx";
import { ActiveRow, EndedRow, Rows } from "./task_rows.tsx";

interface ClientPageProps {
  readonly view: ClientView;
}

/** The whole page. */
export function ClientPage({ view }: ClientPageProps): JSX.Element {
  return (
    <Shell view={view} self={clientPageUrl(view.frame, view.page)}>
      <main class="columns">
        <h1 class="visually-hidden">Tasks of {String(view.frame.client)}</h1>
        <div class="column-start">
          <StartSection view={view} />
        </div>
        <div class="column-tasks" id="tasks" tabIndex={-1}>
          <ActiveSection view={view} />
          <EndedSection view={view} />
          <Paging view={view} />
        </div>
        <section class="column-terminal" aria-labelledby="terminal-title">
          <SectionHead view={view} id="terminal-title" title="From your terminal" count="" />
          <ul class="commands">
            {clientCommands(view.frame, view.startable).map((line) => (
              <Command key={line.purpose} view={view} {...line} />
            ))}
          </ul>
        </section>
      </main>
    </Shell>
  );
}

function StartSection({ view }: ClientPageProps): JSX.Element | null {
  const { active, ended } = view.counts.value;
  // Decided once: a form that somebody is in must not fold up because a task arrived.
  const [isOpen] = useState(view.startable.length === 1 || active + ended === 0);
  if (view.startable.length === 0) return null;
  return (
    <section aria-labelledby="start-title">
      <SectionHead view={view} id="start-title" title="Start new task" count="" />
      <div class="startables">
        {view.startable.map((task, index) => (
          <StartForm
            key={task.name}
            view={view}
            task={task}
            place={index}
            open={isOpen && index === 0}
          />
        ))}
      </div>
    </section>
  );
}

function ActiveSection({ view }: ClientPageProps): JSX.Element {
  const ids = view.active.value;
  const { active } = view.counts.value;
  return (
    <section aria-labelledby="active-title" data-testid="active">
      <SectionHead
        view={view}
        id="active-title"
        title="Active"
        count={formatCount(active)}
        dated={ids.length > 0}
      />
      {ids.length > 0
        ? (
          <Rows label="active-title">
            {ids.map((id) => <ActiveRow key={id} view={view} source={view.task(id)} />)}
          </Rows>
        )
        : <ActiveEmpty view={view} />}
    </section>
  );
}

function ActiveEmpty({ view }: ClientPageProps): JSX.Element {
  const { frame } = view;
  const { active, ended } = view.counts.value;
  if (active > 0) {
    return (
      <p class="empty">
        {countNoun(active, "active task")} on <a href={clientPageUrl(view.frame)}>the first page</a>.
      </p>
    );
  }
  return (
    <div class="empty">
      <p class="empty-title">{ended === 0 ? "No tasks yet" : "Nothing is running"}</p>
      <p>
        {view.startable.length > 0 && <>Start one of the tasks offered here, or wrap</>}
        {view.startable.length === 0 && <>Wrap</>} a function of your program with <code>monitored()</code>
        {" "}
        and run it: it shows up {frame.client === DEFAULT_CLIENT ? "here by itself." : (
          <>
            here if it names this client, else under{" "}
            <a href={clientPageUrl({ ...frame, client: DEFAULT_CLIENT })}>{DEFAULT_CLIENT}</a>.
          </>
        )}
      </p>
    </div>
  );
}

function EndedSection({ view }: ClientPageProps): JSX.Element | null {
  const ids = view.ended.value;
  const { active, ended } = view.counts.value;
  if (active === 0 && ended === 0) return null;
  return (
    <section aria-labelledby="ended-title" data-testid="ended">
      <SectionHead view={view} id="ended-title" title="Completed" count={formatCount(ended)} />
      {ids.length > 0
        ? (
          <Rows label="ended-title">
            {ids.map((id) => <EndedRow key={id} view={view} source={view.task(id)} />)}
          </Rows>
        )
        : (
          <p class="empty">
            {ended === 0
              ? "Tasks stay here after their end, with their result or error."
              : `${countNoun(ended, "completed task")} on the next pages.`}
          </p>
        )}
    </section>
  );
}

function Paging({ view }: ClientPageProps): JSX.Element | null {
  const { page, pages, frame } = view;
  const { newer } = view.counts.value;
  if (pages <= 1) return null;
  return (
    <nav class="paging" aria-label="Pages">
      {page > 1
        ? <a class="button" rel="prev" href={clientPageUrl(frame, page - 1)}>Newer tasks</a>
        : <span class="paging-end">Newest</span>}
      <span class="number">
        Page {page} of {pages}
        {newer > 0 && (
          <>
            {" · "}
            <a href={clientPageUrl(frame)}>{formatCount(newer)} new</a>
          </>
        )}
      </span>
      {page < pages
        ? <a class="button" rel="next" href={clientPageUrl(frame, page + 1)}>Older tasks</a>
        : <span class="paging-end">Oldest</span>}
    </nav>
  );
}
