/** @jsxImportSource preact */
/**
 * Renders the API reference. The page's script only adds buttons that copy blocks of code.
 *
 * @module
 */

import { Fragment, type JSX } from "preact";
import { renderToString } from "preact-render-to-string";
import type { Documentation, DocumentedCall, DocumentedGroup } from "../../lib/page_renderer.ts";
import { TIME_HEADER } from "../../lib/task/clock_offset.ts";
import { Brand } from "../components/brand.tsx";
import { DatabaseDocs } from "./database_docs.tsx";
import { CLOSE_CODES, PROBLEM, SOCKET_MESSAGES } from "./docs_examples.ts";
import { EmbeddingDocs } from "./embedding_docs.tsx";
import { Fields } from "./fields.tsx";
import { Code, Prose, type ProseAssets, ProseHead } from "./prose.tsx";
import { documentOf } from "./render.tsx";

/**
 * Renders the page of the API reference.
 *
 * @param documentation the content of the API reference
 * @param assets the URLs of the page's files
 */
export function renderDocsPage(documentation: Documentation, assets: ProseAssets): string {
  const { basePath, server, needsKey, groups, sockets, record, problems } = documentation;
  const all = [...groups, sockets];
  const content = renderToString(
    <div class="docs">
      <nav class="docs-contents" aria-label="Contents">
        <Brand href={`${basePath}/`} />
        <Contents groups={all} />
      </nav>
      <main class="docs-main">
        <h1>API reference</h1>
        <Introduction basePath={basePath} server={server} needsKey={needsKey} />
        <Overview groups={all} />
        {groups.map((group) => <Group key={group.title} group={group} needsKey={needsKey} />)}
        <Group group={sockets} needsKey={needsKey}>
          <Messages />
        </Group>
        <section aria-labelledby="record">
          <h2 id="record">The task record</h2>
          <p class="docs-lead">
            Times are seconds since the epoch, durations are seconds. Every response states in{"  "}
            <code>{TIME_HEADER}</code>{"  "}
            the server's time when the response was created. If the server's process ends while a task runs in
            it, the task ends as ERROR with <code>error.type</code>{" "}
            <code>interrupted</code>; a task that has been stale for a day ends as ERROR with{" "}
            <code>lost</code>.
          </p>
          <Fields label="Fields of the task record" fields={record} />
        </section>
        <section aria-labelledby="errors">
          <h2 id="errors">Errors</h2>
          <p class="docs-lead">
            Errors are <code>application/problem+json</code> (RFC 9457) with a <code>detail</code>{" "}
            for people and a stable <code>code</code> for programs. 429 and 503 state in{" "}
            <code>Retry-After</code>{" "}
            when to try again. A browser that opens such a URL gets the error as a page.
          </p>
          <p class="docs-lead">
            Values in a path may be percent-encoded; the other parts of a path may not. None of these paths
            ends with a slash: a page redirects to its path without it, and any other call is refused: with
            400 if a client or an id is missing there, else with 404.
          </p>
          <Code text={PROBLEM} />
          <Fields label="Codes by status" fields={problems} />
        </section>
        <DatabaseDocs />
        <EmbeddingDocs />
      </main>
    </div>,
  );
  return documentOf("API reference · Taskscope", <ProseHead {...assets} />, content);
}

/** The links to all sections and calls of the page: collapsed on small screens, a sidebar on large ones. */
function Contents({ groups }: { readonly groups: readonly DocumentedGroup[] }): JSX.Element {
  return (
    <details>
      <summary>Contents</summary>
      <div class="docs-links">
        <a class="docs-group" href="#calls">All calls</a>
        {groups.map((group) => (
          <div key={group.title}>
            <a class="docs-group" href={`#${slug(group.title)}`}>{group.title}</a>
            <ul>
              {group.calls.map((call) => (
                <li key={anchorOf(call)}>
                  <a href={`#${anchorOf(call)}`}>{call.summary}</a>
                </li>
              ))}
            </ul>
          </div>
        ))}
        <a class="docs-group" href="#record">The task record</a>
        <a class="docs-group" href="#errors">Errors</a>
        <a class="docs-group" href="#database">The database</a>
        <a class="docs-group" href="#embedding">In your server</a>
      </div>
    </details>
  );
}

function Introduction(
  { basePath, server, needsKey }: Pick<Documentation, "basePath" | "server" | "needsKey">,
): JSX.Element {
  return (
    <p class="docs-lead">
      All paths are below <code>{server}</code>. Lines to paste for a first task, by language:{" "}
      <a href={`${basePath}/install`}>report to this server</a>. The same reference as an OpenAPI 3.1
      document, for generated clients: <a href={`${basePath}/openapi.json`}>openapi.json</a>. {needsKey
        ? (
          <>
            This server has a key: send it, or a token made from it, as{" "}
            <code>Authorization: Bearer …</code>. The commands below take it from the variable{" "}
            <code>TASKSCOPE_KEY</code>.
          </>
        )
        : "This server has no key, so every call is open."}
    </p>
  );
}

/** The table of all calls. */
function Overview({ groups }: { readonly groups: readonly DocumentedGroup[] }): JSX.Element {
  return (
    <section aria-labelledby="calls">
      <h2 id="calls">All calls</h2>
      <div class="docs-table" role="region" aria-label="Table of all calls" tabIndex={0}>
        <table class="docs-overview">
          <thead>
            <tr>
              <th scope="col">Call</th>
              <th scope="col">What it does</th>
            </tr>
          </thead>
          <tbody>
            {groups.flatMap(({ calls }) => calls).map((call) => (
              <tr key={anchorOf(call)}>
                <th scope="row">
                  <code>
                    {call.method} <Path path={call.path} />
                  </code>
                </th>
                <td>
                  <a href={`#${anchorOf(call)}`}>{call.summary}</a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface GroupProps {
  readonly group: DocumentedGroup;
  readonly needsKey: boolean;
  /** The elements that follow the calls of a group. */
  readonly children?: JSX.Element;
}

function Group({ group, needsKey, children }: GroupProps): JSX.Element {
  const { title, about, calls } = group;
  return (
    <section aria-labelledby={slug(title)}>
      <h2 id={slug(title)}>{title}</h2>
      <p class="docs-lead">
        <Prose text={about} />
      </p>
      {calls.map((call) => <CallEntry key={anchorOf(call)} call={call} needsKey={needsKey} />)}
      {children}
    </section>
  );
}

function CallEntry(
  { call, needsKey }: { readonly call: DocumentedCall; readonly needsKey: boolean },
): JSX.Element {
  const { method, path, summary, description, access, parameters, headers, body, bodyTypes, responses } =
    call;
  return (
    <article class="docs-call" aria-labelledby={anchorOf(call)}>
      <h3 id={anchorOf(call)}>{summary}</h3>
      <p class="docs-path">
        <span class={`docs-method docs-method-${method.toLowerCase()}`}>{method}</span> <code>{path}</code>
      </p>
      {description !== null && (
        <p>
          <Prose text={description} />
        </p>
      )}
      {needsKey && <p class="docs-lead">Access: {access}.</p>}
      <Code text={call.example} />
      {parameters.length > 0 && <Fields label="Query parameters" of={summary} fields={parameters} />}
      {headers.length > 0 && <Fields label="Headers" of={summary} fields={headers} />}
      {body.length > 0 && <Fields label={`Body: ${bodyTypes.join(", or ")}`} of={summary} fields={body} />}
      <dl class="docs-responses" aria-label="Responses">
        {responses.map(({ status, about }) => (
          <div key={status}>
            <dt class="number">{status}</dt>
            <dd>{about}</dd>
          </div>
        ))}
      </dl>
    </article>
  );
}

/** The section about the messages and the close codes that the server sends over a WebSocket. */
function Messages(): JSX.Element {
  return (
    <div class="docs-call">
      <h3 id="messages">WebSocket messages</h3>
      <dl class="docs-messages">
        {SOCKET_MESSAGES.map(({ type, about, example }) => (
          <div key={type}>
            <dt>
              <code>{type}</code>
            </dt>
            <dd>
              <p>
                <Prose text={about} />
              </p>
              <Code text={example} />
            </dd>
          </div>
        ))}
      </dl>
      <Fields label="Close codes" fields={CLOSE_CODES} />
    </div>
  );
}

/** A URL path that browsers can wrap before each slash. */
function Path({ path }: { readonly path: string }): JSX.Element {
  return (
    <>
      {path.split(/(?=\/)/).map((part, index) => (
        <Fragment key={index}>
          <wbr />
          {part}
        </Fragment>
      ))}
    </>
  );
}

function anchorOf({ method, path }: DocumentedCall): string {
  return `${method.toLowerCase()}${slug(path)}`;
}

function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replace(/-$/, "");
}
