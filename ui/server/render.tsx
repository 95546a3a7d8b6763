/** @jsxImportSource preact */
/**
 * Renders pages to HTML on the server. The HTML contains no inline scripts or styles, so that a strict
 * content security policy works; the data for the browser is embedded as JSON.
 *
 * @module
 */

import type { JSX } from "preact";
import { renderToString } from "preact-render-to-string";
import { ClientPage } from "../components/client_page.tsx";
import { Brand } from "../components/brand.tsx";
import { HelpContent } from "./help_content.tsx";
import { ListToolbar } from "./list_toolbar.tsx";
import { NamePage, NamesPage } from "./names_page.tsx";
import { RunAgainSection, StartSection } from "./start_form.tsx";
import { TaskPage } from "../components/task_page.tsx";
import { clientPageUrl, installUrl, namePageUrl, namesPageUrl, taskPageUrl } from "../shared/links.ts";
import { listSearch } from "../shared/list_query.ts";
import type { FoundLines, RunAgain } from "../../lib/page_renderer.ts";
import type { RunStats } from "../../lib/task/run_stats.ts";
import type { RunSummary } from "../../lib/task/run_summary.ts";
import { NO_VALUES, type TaskValues } from "../../lib/task/value_book.ts";
import { StatsShell } from "../components/stats_shell.tsx";
import { ValuesSection } from "../components/values_section.tsx";
import type { ClientPageModel, PageData, PageFrame, StatsPageModel, TaskPageModel } from "../shared/model.ts";
import { tabIcon, tabProgressOf, type TabState, tabTitle } from "../shared/tab.ts";
import { clientTitle, taskTitle } from "../shared/title.ts";
import { StaticLog } from "./static_log.tsx";
import { snapshotClientView, snapshotFrameView, snapshotTaskView } from "./snapshots.ts";

/** The logo as a favicon, inlined to save a request. */
const ICON = "data:image/svg+xml," + encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke-width="3" stroke-linecap="round">` +
    `<path stroke="#0f8b8d" d="M12 3a9 9 0 1 1-9 9"/><circle cx="12" cy="12" r="3" fill="#0f8b8d"/></svg>`,
);

/** The data of a page that shows an error or a refusal instead of tasks. */
export interface ProblemPageModel {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly basePath: string;
  /** The URL of the sign-in page; `null` if signing in does not help. */
  readonly signInUrl: string | null;
  /** The URL of the stylesheet; without one, the page is unstyled but readable. */
  readonly style?: string;
}

/** Renders the list page. */
export function renderClientPage(model: ClientPageModel): string {
  const content = renderToString(
    <ClientPage
      view={snapshotClientView(model)}
      start={<StartSection model={model} />}
      toolbar={<ListToolbar frame={model} query={model.query} states={model.states} />}
      help={<HelpContent install={installUrl(model)} />}
    />,
  );
  const self = `${clientPageUrl(model)}${listSearch(model.query, model.page)}`;
  return livePage(clientTitle(model.activeTotal), content, { page: "client", model }, self);
}

/** The parts of a task page that only the server renders. */
interface TaskPageExtras {
  /** The values that the task reported; the page fetches them again, so its data need not contain them. */
  readonly values?: TaskValues;
  /** How to start the task again with other arguments; `null` if that is not possible for the visitor. */
  readonly again?: RunAgain | null;
  /** The log lines that match the search in the page's URL; `null` if the URL has no search. */
  readonly found?: FoundLines | null;
}

/** Renders a task page from the same data that the browser gets. */
export function renderTaskPage(model: TaskPageModel, extras: TaskPageExtras = {}): string {
  const { values = NO_VALUES, again = null, found = null } = extras;
  const view = snapshotTaskView(model);
  const content = renderToString(
    <TaskPage
      view={view}
      log={<StaticLog view={view} model={model} found={found} />}
      values={<ValuesSection view={view} values={{ value: values }} />}
      {...(again !== null && { again: <RunAgainSection frame={model} again={again} /> })}
      help={<HelpContent install={installUrl(model)} />}
    />,
  );
  return livePage(taskTitle(model.task), content, { page: "task", model }, taskPageUrl(model, model.task.id));
}

/**
 * Renders a page about the past runs of the task names.
 *
 * @param next the name after which the next page begins; `null` on the last page
 */
export function renderNamesPage(frame: PageFrame, names: readonly RunStats[], next: string | null): string {
  const content = <NamesPage view={snapshotFrameView(frame)} names={names} next={next} />;
  return statsPage({ ...frame, title: "Past runs · Taskscope", name: null }, content, namesPageUrl(frame));
}

/** Renders the page about the past runs of one task name; `runs` are latest end first. */
export function renderNamePage(frame: PageFrame, stats: RunStats, runs: readonly RunSummary[]): string {
  const { name } = stats;
  const content = <NamePage view={snapshotFrameView(frame)} stats={stats} runs={runs} />;
  return statsPage({ ...frame, title: `${name} · Taskscope`, name }, content, namePageUrl(frame, name));
}

function statsPage(model: StatsPageModel, content: JSX.Element, self: string): string {
  const shell = renderToString(
    <StatsShell
      view={snapshotFrameView(model)}
      self={self}
      content={content}
      help={<HelpContent install={installUrl(model)} />}
    />,
  );
  return livePage(model.title, shell, { page: "stats", model }, self);
}

/** Renders an error page: not found, access denied, or a failure. */
export function renderProblemPage(model: ProblemPageModel): string {
  const { status, title, detail, basePath, signInUrl, style } = model;
  const content = renderToString(
    <main class="problem-page">
      <Brand href={`${basePath}/`} />
      <p class="problem-status number">{status}</p>
      <h1>{title}</h1>
      <p>{detail}</p>
      <p>
        {signInUrl === null
          ? <a href={`${basePath}/`}>All tasks</a>
          : <a href={signInUrl}>Sign in with the key</a>}
      </p>
    </main>,
  );
  return documentOf(
    `${title} · Taskscope`,
    style === undefined ? null : <link rel="stylesheet" href={style} />,
    content,
  );
}

function livePage(title: string, content: string, data: PageData, self: string): string {
  const { assets }: PageFrame = data.model;
  const tab = tabOf(data);
  const head = (
    <>
      <link rel="stylesheet" href={assets.style} />
      <script type="module" src={assets.script} />
      {data.page === "client" && <link rel="modulepreload" href={assets.controls} />}
    </>
  );
  const noScript = renderToString(
    <noscript>
      <p class="notice notice-info notice-top">
        JavaScript is off, so this page does not update by itself; <a href={self}>reload</a>{" "}
        to see changes. Cancel takes effect at once and cannot be undone.
      </p>
    </noscript>,
  );
  const shown = data.page === "client" ? tabTitle(title, tab) : title;
  return documentOf(shown, head, `${noScript}<div id="app">${content}</div>${dataBlock(data)}`, tabIcon(tab));
}

/** The initial title and icon of the tab. The browser's script shows the same, so it need not draw the icon again. */
function tabOf(data: PageData): TabState {
  const isFailed = data.page === "task" && data.model.task.state === "ERROR";
  return { percent: tabProgressOf(data).percent, failed: isFailed ? 1 : 0, isLive: true };
}

/**
 * Embeds the page data as JSON. Every `<` is escaped, so that no text of a task can close the element or open
 * a comment.
 */
function dataBlock(data: PageData): string {
  const json = JSON.stringify(data).replaceAll("<", "\\u003c");
  return `<script type="application/json" id="model">${json}</script>`;
}

/** Renders a complete HTML document; `icon` is the URL of its favicon, by default the logo. */
export function documentOf(title: string, head: JSX.Element | null, body: string, icon = ICON): string {
  const top = renderToString(
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <meta name="robots" content="noindex" />
      <title>{title}</title>
      <link rel="icon" href={icon} />
      {head}
    </head>,
  );
  return `<!DOCTYPE html><html lang="en">${top}<body>${body}</body></html>`;
}
