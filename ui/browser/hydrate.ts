/**
 * Hydrates the page that the server rendered and keeps it live. Each kind of page has its own entry script,
 * so that it does not load the code of other kinds.
 * @module
 */

import { createActions } from "./actions.ts";
import { Cancellations } from "./cancellations.ts";
import { Announcer } from "./announcer.ts";
import { pageAgeSeconds, ServerClock } from "./server_clock.ts";
import { LiveUpdates } from "./live_updates.ts";
import type { ConnectionStatus } from "./live_updates_options.ts";
import { DesktopNotifications } from "./desktop_notifications.ts";
import { asSocketUrl, eventsUrl, readyUrl, sharedEventsUrl, socketPath, tasksUrl } from "../shared/links.ts";
import type { Milestone } from "../shared/milestones.ts";
import type { PageData, PageFrame } from "../shared/model.ts";
import {
  CLOSING_TEXT,
  degradedText,
  LOST_TEXT,
  reconnectedText,
  SAVED_TEXT,
} from "../shared/connection_text.ts";
import { heldText } from "../shared/bulk_text.ts";
import { PendingUpdates } from "./pending_updates.ts";
import { probeServer } from "./probe.ts";
import type { LivePage, LivePageOptions } from "./state.ts";
import { LiveTab } from "./live_tab.ts";
import { tabProgressOf } from "../shared/tab.ts";
import type * as Fallback from "./fallback_entry.ts";
import type { FallbackOptions } from "./fallback_entry.ts";
import { lazySource, socketSource, type UpdateSource } from "./update_sources.ts";
import type { UpdateSourceName } from "../shared/view.ts";

/**
 * The interval at which a hidden page applies changes, in milliseconds. Only the title of such a page is
 * visible.
 */
const HIDDEN_INTERVAL_MS = 5_000;
/**
 * How long a visible page waits for its next frame before it applies changes without one, in milliseconds. A page that
 * the browser reports as visible but does not paint gets few frames: of nine tabs of Chromium 156, some got one every
 * 500 to 1,000 ms.
 */
const FRAME_PATIENCE_MS = 100;
/**
 * The minimum correction that moves the displayed time back, in seconds. After a smaller correction, the displayed time
 * stands still until it is right.
 */
const MIN_STEP_BACK = 2;
/** How long a toast is shown, in milliseconds. */
const TOAST_MS = 8_000;
/** The `localStorage` key of the update source that worked last. */
const SOURCE_KEY = "taskscope-way";

/**
 * Schedules a rendering. On a visible page, it follows with the next frame, or after a short timeout if no frame comes;
 * on a hidden page, after a few seconds.
 */
function schedule(draw: () => void): void {
  if (document.hidden) {
    setTimeout(draw, HIDDEN_INTERVAL_MS);
    return;
  }
  const drawOnce = () => {
    clearTimeout(timer);
    cancelAnimationFrame(frame);
    draw();
  };
  const timer = setTimeout(drawOnce, FRAME_PATIENCE_MS);
  const frame = requestAnimationFrame(drawOnce);
}

/** The types of page data, by kind of page. */
type Models = { readonly [Data in PageData as Data["page"]]: Data["model"] };

/** The parts of a hydrated page that {@linkcode hydratePage} keeps up to date. */
export interface HydratedPage {
  readonly page: LivePage;
  /** Whether the page's task has failed. */
  readonly isFailed?: () => boolean;
  /**
   * Settles once the controls of the page work, or cannot be loaded. Until then, the page does not display that it is
   * live.
   */
  readonly ready?: Promise<unknown>;
  /** Called after a reconnect, to fetch data that updates do not include or that could not be loaded before. */
  readonly refetch?: () => void;
}

/** The options that an entry script receives from {@linkcode hydratePage}. */
export interface HydrateOptions extends LivePageOptions {
  readonly root: HTMLElement;
  readonly announcer: Announcer;
  readonly cancellations: Cancellations;
}

/**
 * Hydrates a page that the server rendered, and keeps it live.
 *
 * @param kind the kind of page that the entry script is for
 * @param begin creates the page's state and hydrates its components
 */
export function hydratePage<Kind extends keyof Models>(
  kind: Kind,
  begin: (model: Models[Kind], options: HydrateOptions) => HydratedPage,
): void {
  const root = document.getElementById("app");
  const block = document.getElementById("model");
  if (root === null || block === null) return;
  const data: PageData = JSON.parse(block.textContent ?? "");
  if (data.page !== kind) return;
  const frame: PageFrame = data.model;
  const announcer = new Announcer((text) => page.frame.announcement.value = text);
  const cancellations = new Cancellations((count) => announcer.announce("undo", heldText(count)));
  const notices = new DesktopNotifications(frame.client);
  const taken = begin(data.model as Models[Kind], {
    root,
    announcer,
    actions: createActions(frame, cancellations),
    cancellations,
    onMilestone: (milestone: Milestone) => {
      announcer.note(milestone);
      notices.note(milestone);
      tab.note(milestone);
    },
  });
  const { page, isFailed = () => false, ready, refetch = () => {} } = taken;
  page.frame.scripted.value = true;
  const tab = new LiveTab({
    progress: tabProgressOf(data),
    id: data.page === "task" ? data.model.task.id : null,
    title: () => page.title(),
    isFailed,
    isLive: () =>
      page.frame.connection.value.kind !== "reconnecting" && page.frame.connection.value.kind !== "stopped",
  });
  connect(page, tab, announcer, cancellations, data, refetch, Promise.resolve(ready).catch(() => {}));
  // Cancellations that were not undone are sent when the user leaves the page.
  addEventListener("pagehide", () => cancellations.flush());
}

/** Keeps the page connected, and updates its clock and the connection status. */
function connect(
  page: LivePage,
  tab: LiveTab,
  announcer: Announcer,
  cancellations: Cancellations,
  data: PageData,
  refetch: () => void,
  ready: Promise<unknown>,
): void {
  const { frame, connection: state, degradation, toast, now } = page.frame;
  const clock = new ServerClock(frame.now + pageAgeSeconds());
  // Rows do not move before the script of the controls is loaded, because that script contains the guard against clicks
  // on rows that have just moved.
  const pending = new PendingUpdates((changes) => {
    page.apply(changes);
    tab.apply(changes);
  }, (draw) => void ready.then(() => schedule(draw)));
  let lastActivity = frame.now;
  /** Whether the controls work. Until they do, the page does not display that it is live. */
  let isReady = false;
  let latest: ConnectionStatus = { kind: "connecting" };
  let toastTimer: ReturnType<typeof setTimeout> | undefined;

  const probe = () => probeServer(frame.assets.script, clock.correct.bind(clock));

  function isLive(): boolean {
    const { kind } = state.peek();
    return kind === "live" || kind === "closing";
  }

  function tick(): void {
    // While scripts load, responses are read late, which makes their times less useful for the estimate of the server
    // clock.
    if (!isReady) return;
    if (clock.takeDoubt()) void probe().then(tick);
    if (!isLive() || document.hidden) return;
    const [shown, next] = [now.peek(), clock.now];
    if (next > shown || next < shown - MIN_STEP_BACK) now.value = next;
  }

  function show(status: ConnectionStatus): void {
    const before = state.peek();
    latest = status;
    if (!isReady && status.kind === "live") return;
    const asOf = isLive() ? lastActivity : before.asOf;
    const over = "over" in status ? status.over : before.over;
    state.value = { kind: status.kind, asOf, over, reason: "reason" in status ? status.reason : null };
    // A page that may not open a WebSocket can't tell whether WebSockets work.
    if ("over" in status && frame.visitor.mayOpenSockets) remember(status.over);
    if (status.kind === before.kind) return;
    if (status.kind !== "live") toast.value = "";
    if (status.kind === "closing") announcer.announce("connection", CLOSING_TEXT);
    if (status.kind === "reconnecting") announcer.announce("connection", LOST_TEXT);
    tick();
  }

  /** Shows a message for a few seconds; on a hidden page, the time starts when it becomes visible. */
  function showToast(sentences: string): void {
    toast.value = sentences;
    clearTimeout(toastTimer);
    if (!document.hidden) toastTimer = setTimeout(() => toast.value = "", TOAST_MS);
  }

  function showDegradation(detail: string | null): void {
    const before = degradation.peek();
    degradation.value = detail;
    if (before === null && detail !== null) announcer.announce("storage", degradedText(detail));
    if (before !== null && detail === null) announcer.announce("storage", SAVED_TEXT);
  }

  const connection = new LiveUpdates({
    sources: sourcesOf(data),
    first: rememberedSource(),
    cursor: frame.cursor,
    onChanges: (tasks, removed) => {
      cancellations.dropEnded(tasks);
      pending.add(tasks, removed);
    },
    onReplace: (tasks) => {
      cancellations.dropEnded(tasks);
      pending.clear();
      page.replace(tasks);
      tab.replace(tasks);
    },
    onStatus: show,
    onReconnect: (back) => {
      refetch();
      const id = data.page === "task" ? data.model.task.id : null;
      const sentences = reconnectedText(back, state.peek().asOf, id);
      showToast(sentences);
      announcer.announce("connection", sentences);
    },
    onDegradation: showDegradation,
    onActivity: () => lastActivity = clock.now,
    probe,
  });

  void ready.then(() => {
    isReady = true;
    show(latest);
    tick();
  });
  setInterval(tick, 1_000);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    pending.flush();
    tick();
    showToast(toast.peek());
    connection.retryNow();
  });
  addEventListener("online", () => connection.checkNow());
  addEventListener("offline", () => connection.checkNow());
  // A page restored from the back/forward cache has lost its socket without a close event.
  addEventListener("pageshow", (event) => event.persisted && connection.checkNow());
}

/** The sources of updates that the visitor has access to, best first. */
function sourcesOf({ page, model }: PageData): readonly [UpdateSource, ...UpdateSource[]] {
  const { mayOpenSockets, seesOneTask } = model.visitor;
  const id = seesOneTask && page === "task" ? model.task.id : undefined;
  const options: FallbackOptions = {
    watch: id === undefined ? model.client : `${model.client}/${id}`,
    isOfTask: seesOneTask,
    sharedUrl: sharedEventsUrl(model),
    ownUrl: eventsUrl(model, id),
    tasksUrl: tasksUrl(model),
    readyUrl: readyUrl(model),
  };
  const load = (): Promise<typeof Fallback> => import(model.assets.fallback ?? "");
  const events = lazySource("events", async () => (await load()).events(options));
  // A visitor with access to a single task may not subscribe to the whole client.
  if (seesOneTask) return [events];
  const others = [events, lazySource("polling", async () => (await load()).polling(options))] as const;
  if (!mayOpenSockets) return others;
  return [socketSource(asSocketUrl(new URL(socketPath(model), location.href).href)), ...others];
}

/**
 * The source of updates that worked last in this browser, so that the next page, in any tab, can start with it. A
 * better source is tried again later.
 */
function rememberedSource(): UpdateSourceName | null {
  try {
    return localStorage.getItem(SOURCE_KEY) as UpdateSourceName | null;
  } catch {
    return null;
  }
}

function remember(over: UpdateSourceName): void {
  try {
    localStorage.setItem(SOURCE_KEY, over);
  } catch {
    // Storage is disabled: every page starts with the best source.
  }
}
