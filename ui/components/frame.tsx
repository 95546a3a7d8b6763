/** @jsxImportSource preact */
/**
 * What surrounds every page: header, state of the connection, notices, the live region.
 *
 * @module
 */

import type { ComponentChildren, JSX } from "preact";
import { DEFAULT_CLIENT } from "../../lib/task/grammar.ts";
import { clientPageUrl, tasksUrl } from "../shared/links.ts";
import { sayTrouble } from "../shared/news.ts";
import type { FrameView, TransportName } from "../shared/view.ts";
import { CopyButton } from "./controls.tsx";
import { Help } from "./help.tsx";
import { Icon, Mark } from "./icons.tsx";
import { NoticeButton } from "./notice_button.tsx";
import { Clock } from "./time.tsx";

interface ViewProps {
  readonly view: FrameView;
}

interface ShellProps extends ViewProps {
  /** The address of this very page, to reload it. */
  readonly self: string;
  /** Where a link to what it shows is made for others. */
  readonly share?: string;
  readonly children: ComponentChildren;
}

/** The page around its content. */
export function Shell({ view, self, share, children }: ShellProps): JSX.Element {
  const { frame } = view;
  const { visitor } = frame;
  const { kind } = view.connection.value;
  return (
    <div class="shell" data-connection={kind}>
      <a class="skip" href="#tasks">Skip to the tasks</a>
      <header class="header">
        <div class="header-inner">
          <a
            class="brand"
            href={visitor.mayChange ? clientPageUrl({ ...frame, client: DEFAULT_CLIENT }) : self}
          >
            <Mark />
            <span>Taskscope</span>
          </a>
          <nav class="client" aria-label="Client">
            <span class="client-label">client</span>
            {visitor.seesOneTask
              ? <span class="client-token">{String(frame.client)}</span>
              : <a class="client-token" href={clientPageUrl(frame)}>{String(frame.client)}</a>}
            <CopyButton view={view} text={frame.client} what="the client token" />
            {!visitor.mayChange && <span class="tag tag-plain">read only</span>}
            {visitor.mayChange && frame.client !== DEFAULT_CLIENT && (
              <a class="client-other" href={clientPageUrl({ ...frame, client: DEFAULT_CLIENT })}>
                {DEFAULT_CLIENT}
              </a>
            )}
          </nav>
          <div class="header-end">
            <div class="header-actions">
              {visitor.mayShare && share !== undefined && <a class="header-share" href={share}>Share</a>}
              <NoticeButton view={view} />
              <Help view={view} />
            </div>
            <ConnectionBadge view={view} self={self} />
          </div>
        </div>
      </header>
      <NoticeBar view={view} self={self} />
      {children}
      <p class="visually-hidden" role="status" aria-live="polite" data-testid="announcer">
        {view.announcement.value}
      </p>
      <News view={view} />
      <footer class="footer">
        <span>Taskscope {String(frame.version)}</span>
        {!visitor.seesOneTask && <a href={tasksUrl(frame)}>All tasks as JSON</a>}
        <a href={`${frame.basePath}/docs`}>API</a>
        <a href={`${frame.basePath}/healthz`}>Health</a>
        {visitor.isSignedIn && (
          <form method="post" action={`${frame.basePath}/sign-out`}>
            <button type="submit" class="button button-quiet">Sign out</button>
          </form>
        )}
      </footer>
    </div>
  );
}

/** How often the page hears of changes. */
const LIVE_WORDS: Readonly<Record<TransportName, string>> = {
  socket: "Live",
  events: "Live over events",
  polling: "Refreshing every few seconds",
};

/** How current the page is. Who listens hears of it from the live region. */
function ConnectionBadge({ view, self }: ViewProps & { readonly self: string }): JSX.Element {
  const { kind, asOf, over } = view.connection.value;
  return (
    <p class={`badge badge-${kind} badge-${over}`} data-testid="connection">
      <span class="badge-dot" aria-hidden="true" />
      <span>
        {kind === "live" && LIVE_WORDS[over ?? "socket"]}
        {kind === "connecting" && "Connecting…"}
        {kind === "closing" && "The server is shutting down"}
        {kind === "snapshot" && (
          <>
            <span class="badge-more">Snapshot of</span> <Clock view={view} at={asOf} />{" "}
            <a href={self}>
              <span class="badge-more">— reload to</span> refresh
            </a>
          </>
        )}
        {kind === "reconnecting" && (
          <>
            Reconnecting… <span class="badge-more">data</span> as of <Clock view={view} at={asOf} />
          </>
        )}
        {kind === "stopped" && (
          <>
            Stopped <span class="badge-more">— data</span> as of <Clock view={view} at={asOf} />
          </>
        )}
      </span>
    </p>
  );
}

/** What came of a form that was sent, what keeps the page from being live, and the server from storing. */
function NoticeBar({ view, self }: ViewProps & { readonly self: string }): JSX.Element {
  const { notice } = view.frame;
  const { reason } = view.connection.value;
  const degradation = view.degradation.value;
  return (
    <>
      {degradation !== null && (
        <p class="notice notice-degraded" data-testid="degraded">
          <Icon name="stale" />
          <span>{sayTrouble(degradation)}</span>
        </p>
      )}
      {notice !== null && (
        <p
          class={`notice notice-${notice.kind === "error" ? "error" : "info"}`}
          role={notice.kind === "error" ? "alert" : "status"}
        >
          {String(notice.text)}
        </p>
      )}
      {reason !== null && (
        <p class="notice notice-error" role="alert">
          {reason} <a href={self}>Reload</a>
        </p>
      )}
    </>
  );
}

/** What is new of the page itself, for a few seconds; the live region says the same. */
function News({ view }: ViewProps): JSX.Element | null {
  const news = view.news.value;
  if (news === "") return null;
  return (
    <p class="news" aria-hidden="true" data-testid="news">
      <Icon name="finished" />
      <span>{news}</span>
    </p>
  );
}

interface SectionHeadProps extends ViewProps {
  readonly id: string;
  readonly title: string;
  readonly count: string;
  /** Whether to say as of when the section is, while it is not live. */
  readonly dated?: boolean;
  /** What stands at its end. */
  readonly children?: ComponentChildren;
}

/** The head of a section: its name, how many it holds, and how old it is where it is not live. */
export function SectionHead(
  { view, id, title, count, dated = false, children }: SectionHeadProps,
): JSX.Element {
  const { kind, asOf } = view.connection.value;
  const frozen = dated && (kind === "reconnecting" || kind === "stopped");
  return (
    <div class="section-head">
      <h2 id={id} tabIndex={-1}>{title}</h2>
      {count !== "" && <span class="section-count number">{count}</span>}
      {frozen && (
        <span class="section-date">
          times stand still, as of <Clock view={view} at={asOf} />
        </span>
      )}
      {children}
    </div>
  );
}
