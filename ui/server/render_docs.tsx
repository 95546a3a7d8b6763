/** @jsxImportSource preact */
/**
 * Renders the page that says how programs talk to the server. It needs no script: its contents are links.
 *
 * @module
 */

import type { JSX } from "preact";
import { renderToString } from "preact-render-to-string";
import type { Documentation, DocumentedCall, DocumentedField } from "../../lib/page_renderer.ts";
import { Mark } from "../components/icons.tsx";
import { documentOf } from "./render.tsx";

/** What is sent over sockets, by example. */
const MESSAGES: readonly { readonly type: string; readonly about: string; readonly example: string }[] = [
  {
    type: "initial_state",
    about: "Comes first: everything that there is.",
    example:
      '{"type": "initial_state", "active_tasks": [task…], "all_tasks": {"id": task…}, "cursor": "e1:42"}',
  },
  {
    type: "state_update",
    about: "Everything again, when something has changed; often enough, and not more than 1 MB a second.",
    example:
      '{"type": "state_update", "active_tasks": [task…], "all_tasks": {"id": task…}, "cursor": "e1:43"}',
  },
  {
    type: "task_update",
    about: "With ?mode=delta in its place: what changed. First forget what was removed, then take the tasks.",
    example: '{"type": "task_update", "cursor": "e1:44", "tasks": [task…], "removed": ["id"…]}',
  },
  {
    type: "resync",
    about: "With ?after=: what was missed is not known any more, and an initial_state follows.",
    example: '{"type": "resync"}',
  },
  {
    type: "degraded",
    about: "Nothing can be stored at present, and why; null says that all is well again.",
    example: '{"type": "degraded", "detail": "the disk is full"}',
  },
  {
    type: "closing",
    about: "The server is about to end. Come back with the last cursor.",
    example: '{"type": "closing"}',
  },
];

/** An error, by example. */
const PROBLEM = JSON.stringify({
  title: "Not found",
  status: 404,
  detail: 'There is no task "backup-9"',
  code: "task_not_found",
});

/**
 * Renders the page.
 *
 * @param documentation what it shows
 * @param style the URL of the stylesheet
 */
export function renderDocsPage(documentation: Documentation, style: string): string {
  const { basePath, server, needsKey, groups, record } = documentation;
  const socket = server.replace(/^http/, "ws");
  const wscat = needsKey ? 'wscat -H "authorization: Bearer $TASKSCOPE_KEY"' : "wscat";
  const content = renderToString(
    <div class="docs">
      <nav class="docs-contents" aria-label="Contents">
        <a class="brand" href={`${basePath}/`}>
          <Mark />
          <span>Taskscope</span>
        </a>
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
        <a class="docs-group" href="#sockets">Sockets</a>
        <a class="docs-group" href="#record">The record</a>
        <a class="docs-group" href="#errors">Errors</a>
      </nav>
      <main class="docs-main">
        <h1>How programs talk to it</h1>
        <p class="docs-lead">
          Everything is below <code>{server}</code>. The same for machines is in{" "}
          <a href={`${basePath}/openapi.json`}>openapi.json</a> (OpenAPI 3.1). {needsKey
            ? (
              <>
                Each call needs the key, or a token:{" "}
                <code>Authorization: Bearer …</code>. The lines below take it from <code>TASKSCOPE_KEY</code>.
              </>
            )
            : "No key is needed here."}
        </p>
        {groups.map((group) => (
          <section key={group.title} aria-labelledby={slug(group.title)}>
            <h2 id={slug(group.title)}>{group.title}</h2>
            <p class="docs-lead">{group.about}</p>
            {group.calls.map((call) => <CallEntry key={anchorOf(call)} call={call} />)}
          </section>
        ))}
        <section aria-labelledby="sockets">
          <h2 id="sockets">Sockets</h2>
          <p class="docs-lead">
            Of all tasks of a client, or of one until its end. <code>?mode=delta</code> sends what changed,
            {" "}
            <code>&amp;after=</code> a cursor goes on there. What is sent to the server is ignored.
          </p>
          <Code text={`${wscat} -c "${socket}/ws/tasks/default?mode=delta"`} />
          <Code text={`${wscat} -c ${socket}/ws/tasks/default/backup-1`} />
          <dl class="docs-messages">
            {MESSAGES.map(({ type, about, example }) => (
              <div key={type}>
                <dt>
                  <code>{type}</code>
                </dt>
                <dd>
                  <p>{about}</p>
                  <Code text={example} />
                </dd>
              </div>
            ))}
          </dl>
        </section>
        <section aria-labelledby="record">
          <h2 id="record">The record</h2>
          <p class="docs-lead">Times are epoch seconds, durations seconds, progress is from 0 to 100.</p>
          <Fields label="Fields of the record" fields={record} />
        </section>
        <section aria-labelledby="errors">
          <h2 id="errors">Errors</h2>
          <p class="docs-lead">
            They are <code>application/problem+json</code> with a <code>detail</code> for people and a stable
            {" "}
            <code>code</code> for programs. 429 and 503 say with <code>Retry-After</code> when to try again.
          </p>
          <Code text={PROBLEM} />
        </section>
      </main>
    </div>,
  );
  return documentOf("API · Taskscope", <link rel="stylesheet" href={style} />, content);
}

function CallEntry({ call }: { readonly call: DocumentedCall }): JSX.Element {
  const { method, path, summary, description, parameters, body, bodyTypes, answers, example } = call;
  return (
    <article class="docs-call" aria-labelledby={anchorOf(call)}>
      <h3 id={anchorOf(call)}>{summary}</h3>
      <p class="docs-path">
        <span class={`docs-method docs-method-${method.toLowerCase()}`}>{method}</span> <code>{path}</code>
      </p>
      {description !== null && <p>{description}</p>}
      <Code text={example} />
      {parameters.length > 0 && <Fields label="Parameters" of={summary} fields={parameters} />}
      {body.length > 0 && <Fields label={`Body, as ${bodyTypes.join(" or ")}`} of={summary} fields={body} />}
      <p class="docs-answers">
        {answers.map(({ status, about }) => (
          <span key={status}>
            <b class="number">{status}</b> {about}
          </span>
        ))}
      </p>
    </article>
  );
}

interface FieldsProps {
  readonly label: string;
  /** What has the fields, for those who come to them from elsewhere. */
  readonly of?: string;
  readonly fields: readonly DocumentedField[];
}

function Fields({ label, of, fields }: FieldsProps): JSX.Element {
  const hasTypes = fields.some(({ type }) => type !== "");
  return (
    <div
      class="docs-table"
      role="region"
      aria-label={of === undefined ? label : `${of}: ${label}`}
      tabIndex={0}
    >
      <table>
        <caption>{label}</caption>
        <tbody>
          {fields.map(({ name, type, about }) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code>
              </th>
              {hasTypes && <td class="docs-type">{type}</td>}
              <td>{about}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Code({ text }: { readonly text: string }): JSX.Element {
  return <pre class="code docs-code" tabIndex={0}>{text}</pre>;
}

function anchorOf({ method, path }: DocumentedCall): string {
  return `${method.toLowerCase()}${slug(path)}`;
}

function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replace(/-$/, "");
}
