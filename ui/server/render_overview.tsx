/** @jsxImportSource preact */
/**
 * Renders the page about all clients of the server. The page needs no script.
 *
 * @module
 */

import type { JSX } from "preact";
import { renderToString } from "preact-render-to-string";
import type { ClientOverview, OverviewPage } from "../../lib/page_renderer.ts";
import { countNoun, formatAgo, formatCount, formatDateTime, machineTime } from "../../lib/text/format.ts";
import { Brand } from "../components/brand.tsx";
import { clientPageUrl } from "../shared/links.ts";
import { EVERYTHING, type ListQuery, listSearch } from "../shared/list_query.ts";
import { documentOf } from "./render.tsx";

/**
 * Renders the page.
 *
 * @param page the clients, the one whose tasks changed last first
 * @param style the URL of the stylesheet
 */
export function renderOverviewPage(page: OverviewPage, style: string): string {
  const { basePath, clients, omitted, now } = page;
  const content = renderToString(
    <div class="shell">
      <header class="header">
        <div class="header-inner">
          <Brand href={`${basePath}/`} />
          <div class="header-end">
            <p class="badge badge-snapshot">
              As of <time dateTime={machineTime(now)}>{formatDateTime(now, false)}</time>{" "}
              <a href={`${basePath}/`}>refresh</a>
            </p>
          </div>
        </div>
      </header>
      <main class="names" id="tasks" tabIndex={-1}>
        <h1>Clients</h1>
        <div class="names-scroll" tabIndex={0} role="region" aria-label="Clients">
          <table class="names-table">
            <thead>
              <tr>
                <th scope="col">Client</th>
                <th scope="col" class="number">Active</th>
                <th scope="col" class="number">Failed in 24 h</th>
                <th scope="col" class="number">Tasks</th>
                <th scope="col">Last change</th>
              </tr>
            </thead>
            <tbody>
              {clients.map((each) => <Row key={each.client} page={page} overview={each} />)}
            </tbody>
          </table>
        </div>
        {omitted > 0 && (
          <p class="names-crumbs">
            {countNoun(omitted, "client")} with older changes not shown; <code>GET {basePath}/clients</code>
            {" "}
            lists all.
          </p>
        )}
      </main>
      <footer class="footer">
        <span>Taskscope {page.version}</span>
        <a href={`${basePath}/install`}>Report to this server</a>
        <a href={`${basePath}/docs`}>API</a>
      </footer>
    </div>,
  );
  return documentOf("Clients · Taskscope", <link rel="stylesheet" href={style} />, content);
}

interface RowProps {
  readonly page: OverviewPage;
  readonly overview: ClientOverview;
}

function Row({ page, overview }: RowProps): JSX.Element {
  const { client, tasks, active, failed, lastActivity } = overview;
  const url = clientPageUrl({ ...page, client });
  const filtered = (filters: Partial<ListQuery>) => `${url}${listSearch({ ...EVERYTHING, ...filters })}`;
  return (
    <tr>
      <th scope="row">
        <a href={url}>{client}</a>
      </th>
      <td class="number" data-label="Active">
        {active === 0 ? "—" : <a href={filtered({ state: "STARTING,PROCESSING" })}>{formatCount(active)}</a>}
      </td>
      <td class="number" data-label="Failed in 24 h">
        {failed === 0 ? "—" : (
          <a class="overview-failed" href={filtered({ state: "ERROR", since: "24h" })}>
            {formatCount(failed)}
          </a>
        )}
      </td>
      <td class="number" data-label="Tasks">{formatCount(tasks)}</td>
      <td data-label="Last change">
        <time dateTime={machineTime(lastActivity)} title={formatDateTime(lastActivity, false)}>
          {formatAgo(page.now - lastActivity)}
        </time>
      </td>
    </tr>
  );
}
