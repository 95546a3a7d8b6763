/** @jsxImportSource preact */
/**
 * Renders the sign-in page and the page that creates share links. Neither page needs a script.
 *
 * @module
 */

import type { ComponentChildren, JSX } from "preact";
import { renderToString } from "preact-render-to-string";
import { Brand } from "../components/brand.tsx";
import { clientPageUrl, shareUrl, taskPageUrl } from "../shared/links.ts";
import { documentOf } from "./render.tsx";

interface CardProps {
  readonly title: string;
  readonly home: string;
  readonly children: ComponentChildren;
}

/** Renders the sign-in page. */
export function renderSignInPage(page: {
  readonly basePath: string;
  readonly to: string;
  readonly problem: string | null;
  readonly style: string;
}): string {
  const { basePath, to, problem, style } = page;
  return cardPage(
    style,
    <Card title="Sign in" home={`${basePath}/`}>
      <p class="card-words">This server requires a key. This browser stays signed in for a week.</p>
      <form method="post" action={`${basePath}/sign-in`} class="card-form">
        <input type="hidden" name="to" value={to} />
        <label class="field">
          <span>Key</span>
          <input
            type="password"
            name="key"
            autocomplete="current-password"
            required
            autofocus
            aria-invalid={problem !== null}
            {...(problem !== null && { "aria-describedby": "problem" })}
          />
        </label>
        {problem !== null && <p class="problem" id="problem" role="alert">{problem}</p>}
        <button type="submit" class="button button-primary">Sign in</button>
      </form>
    </Card>,
  );
}

/** Renders the page that creates share links. */
export function renderSharePage(page: {
  readonly basePath: string;
  readonly client: string;
  readonly taskId: string | null;
  readonly link: string | null;
  readonly seconds: number;
  readonly durations: readonly { readonly seconds: number; readonly words: string }[];
  readonly style: string;
}): string {
  const { client, taskId, link, seconds, durations, style } = page;
  const back = taskId === null ? clientPageUrl(page) : taskPageUrl(page, taskId);
  const what = taskId === null
    ? (
      <>
        all tasks of <b>{client}</b>
      </>
    )
    : (
      <>
        the task <b>{taskId}</b>
      </>
    );
  return cardPage(
    style,
    <Card title="Share" home={back}>
      <p class="card-words">
        Anyone with the link can view {what}{" "}
        live, but can't change anything. Changing the server's key revokes all links.
      </p>
      {link !== null && (
        <label class="field">
          <span>Link, valid for {durations.find((each) => each.seconds === seconds)?.words}</span>
          <input type="text" class="card-link" readonly value={link} autofocus />
        </label>
      )}
      <form method="post" action={shareUrl(page, taskId ?? undefined)} class="card-form">
        <label class="field">
          <span>Valid for</span>
          <select name="seconds">
            {durations.map((each) => (
              <option key={each.seconds} value={each.seconds} selected={each.seconds === seconds}>
                {each.words}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class={link === null ? "button button-primary" : "button"}>
          {link === null ? "Create link" : "Create another link"}
        </button>
      </form>
      <p>
        <a href={back}>Back to {taskId === null ? "the tasks" : "the task"}</a>
      </p>
    </Card>,
  );
}

function Card({ title, home, children }: CardProps): JSX.Element {
  return (
    <main class="card-page">
      <Brand href={home} />
      <h1>{title}</h1>
      {children}
    </main>
  );
}

function cardPage(style: string, card: JSX.Element): string {
  const { title } = card.props as CardProps;
  return documentOf(`${title} · Taskscope`, <link rel="stylesheet" href={style} />, renderToString(card));
}
