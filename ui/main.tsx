/** @jsxImportSource preact */
/**
 * What runs in the browser: takes over the page that the server rendered, and keeps it live.
 *
 * @module
 */

import { effect } from "@preact/signals";
import { hydrate } from "preact";
import { createActions } from "./actions.ts";
import { Announcer } from "./announcer.ts";
import { ServerClock } from "./clock.ts";
import { ClientPage } from "./components/client_page.tsx";
import { TaskPage } from "./components/task_page.tsx";
import { type ConnectionStatus, DeltaConnection } from "./connection.ts";
import { asSocketUrl, socketPath, taskUrl } from "./links.ts";
import { LogFollower } from "./log_follower.ts";
import type { PageData, PageFrame } from "./model.ts";
import { CLOSING_WORDS, LOST_WORDS, sayReturn, sayTrouble, STORED_WORDS } from "./news.ts";
import { PendingUpdates } from "./pending.ts";
import { probeServer } from "./probe.ts";
import { createClientPage, createTaskPage, type LivePage } from "./state.ts";

/** Hidden pages show only their titles: often enough for those. */
const HIDDEN_INTERVAL_MS = 5_000;
/** A clock this far from the server's, in seconds, means a page that was kept, or a wrong clock: ask. */
const SUSPICIOUS_OFFSET = 5;
/** How long news are shown, in milliseconds. */
const NEWS_MS = 8_000;

/** Draws with the next frame while somebody looks, and now and then while nobody does. */
function schedule(draw: () => void): void {
  if (document.hidden) setTimeout(draw, HIDDEN_INTERVAL_MS);
  else requestAnimationFrame(draw);
}

function main(): void {
  const root = document.getElementById("app");
  const block = document.getElementById("model");
  if (root === null || block === null) return;
  const data: PageData = JSON.parse(block.textContent ?? "");
  const frame: PageFrame = data.model;
  const announcer = new Announcer((text) => page.frame.announcement.value = text);
  const options = {
    actions: createActions(frame),
    onMilestone: announcer.note.bind(announcer),
  };
  let page: LivePage;
  let log: LogFollower | null = null;
  if (data.page === "client") {
    const clientPage = createClientPage(data.model, options);
    page = clientPage;
    hydrate(<ClientPage view={clientPage.view} />, root);
  } else {
    const taskPage = createTaskPage(data.model, options);
    page = taskPage;
    hydrate(<TaskPage view={taskPage.view} />, root);
    log = new LogFollower(taskPage, `${taskUrl(frame, data.model.task.id)}/logs`);
  }
  page.frame.scripted.value = true;
  effect(() => {
    document.title = page.title();
  });
  connect(page, announcer, data, log);
}

/** Keeps the page connected, its clock ticking while it is, and what it says of itself honest. */
function connect(page: LivePage, announcer: Announcer, data: PageData, log: LogFollower | null): void {
  const { frame, connection: state, trouble, news, now } = page.frame;
  const clock = new ServerClock(frame.now);
  const pending = new PendingUpdates(page.apply, schedule);
  let lastSign = frame.now;
  let newsTimer: ReturnType<typeof setTimeout> | undefined;

  const probe = () => probeServer(frame.assets.script, clock.correct.bind(clock));

  function isLive(): boolean {
    const { kind } = state.peek();
    return kind === "live" || kind === "closing";
  }

  function tick(): void {
    if (isLive() && !document.hidden) now.value = Math.max(now.peek(), clock.now);
  }

  function show(status: ConnectionStatus): void {
    const before = state.peek();
    const asOf = isLive() ? lastSign : before.asOf;
    state.value = { kind: status.kind, asOf, reason: "reason" in status ? status.reason : null };
    if (status.kind === before.kind) return;
    if (status.kind === "live") log?.check();
    else news.value = "";
    if (status.kind === "closing") announcer.tell("connection", CLOSING_WORDS);
    if (status.kind === "reconnecting") announcer.tell("connection", LOST_WORDS);
    tick();
  }

  /** Shows news for a while. Who looks elsewhere finds them on coming back. */
  function showNews(sentences: string): void {
    news.value = sentences;
    clearTimeout(newsTimer);
    if (!document.hidden) newsTimer = setTimeout(() => news.value = "", NEWS_MS);
  }

  function showTrouble(detail: string | null): void {
    const before = trouble.peek();
    trouble.value = detail;
    if (before === null && detail !== null) announcer.tell("storage", sayTrouble(detail));
    if (before !== null && detail === null) announcer.tell("storage", STORED_WORDS);
  }

  const connection = new DeltaConnection({
    url: asSocketUrl(new URL(socketPath(frame), location.href).href),
    cursor: frame.cursor,
    onChanges: (tasks, removed) => pending.add(tasks, removed),
    onReplace: (tasks) => {
      pending.clear();
      page.replace(tasks);
    },
    onStatus: show,
    onReturn: (back) => {
      const id = data.page === "task" ? data.model.task.id : null;
      const sentences = sayReturn(back, state.peek().asOf, id);
      showNews(sentences);
      announcer.tell("connection", sentences);
    },
    onTrouble: showTrouble,
    onSign: () => lastSign = clock.now,
    probe,
  });

  setInterval(tick, 1_000);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    pending.flush();
    tick();
    showNews(news.peek());
    connection.retryNow();
  });
  addEventListener("online", () => connection.checkNow());
  addEventListener("offline", () => connection.checkNow());
  // A page that comes out of the back/forward cache has lost its socket without hearing of it.
  addEventListener("pageshow", (event) => event.persisted && connection.checkNow());
  if (Math.abs(clock.offset) > SUSPICIOUS_OFFSET) void probe().then(tick);
}

main();
