/** @jsxImportSource preact */
/**
 * The frame around the content of every page: header, connection state, notices, live region and footer.
 *
 * @module
 */

import type { ComponentChildren, JSX } from "preact";
import { clientPageUrl, installUrl, tasksUrl } from "../shared/links.ts";
import { degradedText } from "../shared/connection_text.ts";
import type { FrameView, UpdateSourceName } from "../shared/view.ts";
import { CopyButton } from "./controls.tsx";
import { Help } from "./help.tsx";
import { Brand } from "./brand.tsx";
import { Icon } from "./icons.tsx";
import { NotificationButton } from "./notification_button.tsx";
import { Clock } from "./time.tsx";

interface ViewProps {
  readonly view: FrameView;
}

interface ShellProps extends ViewProps {
  /** The URL of the current page, for reloading it. */
  readonly self: string;
  /** The URL of the page that creates a share link for the current page. */
  readonly share?: string;
  /** The content of the help dialog; rendered on the server only, and only on pages with a script. */
  readonly help?: JSX.Element;
  readonly children: ComponentChildren;
}

/** Renders the frame around a page's content. */
export function Shell({ view, self, share, help, children }: ShellProps): JSX.Element {
  const { frame } = view;
  const { visitor } = frame;
  const { kind } = view.connection.value;
  return (
    <div class="shell" data-connection={kind}>
      <a class="skip" href="#tasks">Skip to the tasks</a>
      <header class="header">
        <div class="header-inner">
          <Brand href={visitor.mayChange ? `${frame.basePath}/` : self} />
          <nav class="client" aria-label="Client">
            <span class="client-label">client</span>
            {visitor.seesOneTask
              ? <span class="client-token">{String(frame.client)}</span>
              : <a class="client-token" href={clientPageUrl(frame)}>{String(frame.client)}</a>}
            <CopyButton view={view} text={frame.client} what="the client token" />
            {!visitor.mayChange && <span class="tag tag-plain">read-only</span>}
            {visitor.mayChange && <a class="client-other" href={`${frame.basePath}/`}>All clients</a>}
          </nav>
          <div class="header-end">
            <div class="header-actions">
              {visitor.mayShare && share !== undefined && <a href={share}>Share</a>}
              <NotificationButton view={view} />
              {(view.actions !== null || help !== undefined) && <Help view={view} content={help} />}
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
      <Toast view={view} />
      <footer class="footer">
        <span>Taskscope {String(frame.version)}</span>
        {!visitor.seesOneTask && <a href={tasksUrl(frame)}>All tasks as JSON</a>}
        <a href={installUrl(frame)}>Install</a>
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

/** The text of the connection badge on a live page, for each source of updates. */
const LIVE_TEXT: Readonly<Record<UpdateSourceName, string>> = {
  socket: "Live",
  events: "Live via event stream",
  polling: "Refreshing every few seconds",
};

/**
 * A badge that shows whether the page is live. Screen readers announce changes from the live region instead.
 */
function ConnectionBadge({ view, self }: ViewProps & { readonly self: string }): JSX.Element {
  const { kind, asOf, over } = view.connection.value;
  return (
    <p class={`badge badge-${kind} badge-${over}`} data-testid="connection">
      <span class="badge-dot" aria-hidden="true" />
      <span>
        {kind === "live" && LIVE_TEXT[over ?? "socket"]}
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

/**
 * Notices below the header: the outcome of a submitted form, a connection error, and a storage error of the
 * server.
 */
function NoticeBar({ view, self }: ViewProps & { readonly self: string }): JSX.Element {
  const { notice } = view.frame;
  const { reason } = view.connection.value;
  const degradation = view.degradation.value;
  return (
    <>
      {degradation !== null && (
        <p class="notice notice-degraded" data-testid="degraded">
          <Icon name="stale" />
          <span>{degradedText(degradation)}</span>
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

/**
 * A message that disappears after a few seconds. It is hidden from screen readers, which announce the same
 * message from the live region.
 */
function Toast({ view }: ViewProps): JSX.Element | null {
  const toast = view.toast.value;
  if (toast === "") return null;
  return (
    <p class="toast" aria-hidden="true" data-testid="toast">
      <Icon name="finished" />
      <span>{toast}</span>
    </p>
  );
}

interface SectionHeadProps extends ViewProps {
  readonly id: string;
  readonly title: string;
  readonly count: string;
  /** Whether to show how old the data is while the page is disconnected. */
  readonly dated?: boolean;
  /** Content at the end of the heading's line, such as a link. */
  readonly children?: ComponentChildren;
}

/**
 * The heading of a section, with the number of items and, while the page is disconnected, the time of the
 * data.
 */
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
          Paused at <Clock view={view} at={asOf} />
        </span>
      )}
      {children}
    </div>
  );
}
