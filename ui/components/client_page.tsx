/** @jsxImportSource preact */
/**
 * The page that lists a client's tasks.
 *
 * @module
 */

import type { JSX } from "preact";
import { clientPageUrl, shareUrl } from "../shared/links.ts";
import { listSearch } from "../shared/list_query.ts";
import type { ClientView } from "../shared/view.ts";
import { AttentionSection } from "./attention.tsx";
import { BulkBar } from "./bulk_bar.tsx";
import { Command } from "./details.tsx";
import { SectionHead, Shell } from "./frame.tsx";
import { FilterState, ListProblems } from "./list_state.tsx";
import { serverRendered } from "./server_rendered.ts";
import { ListEnd, TaskList } from "./task_list.tsx";

interface ClientPageProps {
  readonly view: ClientView;
  /** The forms that start tasks; rendered on the server only. */
  readonly start?: JSX.Element;
  /** The form above the list with its filters and order; rendered on the server only. */
  readonly toolbar?: JSX.Element;
  /** The content of the help dialog; rendered on the server only. */
  readonly help?: JSX.Element;
}

/** The page that lists a client's tasks, without its HTML head. */
export function ClientPage({ view, start, toolbar, help }: ClientPageProps): JSX.Element {
  return (
    <Shell
      view={view}
      self={`${clientPageUrl(view.frame)}${listSearch(view.query.value, view.page)}`}
      share={shareUrl(view.frame)}
      {...(help !== undefined && { help })}
    >
      <main class="columns" data-start={view.hasStartForms} data-terminal={view.commands.length > 0}>
        <h1 class="visually-hidden">Tasks of {String(view.frame.client)}</h1>
        <div class="column-tasks" id="tasks" tabIndex={-1}>
          <div class="list-top">
            <div {...serverRendered(toolbar)} />
            <ListProblems view={view} />
            <FilterState view={view} />
          </div>
          <AttentionSection view={view} />
          <TaskList view={view} />
          <ListEnd view={view} />
          <BulkBar view={view} />
        </div>
        <div class="column-start" id="start" {...serverRendered(start)} />
        {view.commands.length > 0 && (
          <section class="column-terminal" aria-labelledby="terminal-title">
            <SectionHead view={view} id="terminal-title" title="From your terminal" count="" />
            <ul class="commands">
              {view.commands.map((line) => <Command key={line.purpose} view={view} {...line} />)}
            </ul>
          </section>
        )}
      </main>
    </Shell>
  );
}
