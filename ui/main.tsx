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
import { type ConnectionStatus, DeltaConnection, type ProbeResult } from "./connection.ts";
import { asSocketUrl, socketPath, taskUrl } from "./links.ts";
import type { PageData, PageFrame } from "./model.ts";
import { PendingUpdates } from "./pending.ts";
import { createClientPage, createTaskPage, type LivePage, type LiveTaskPage } from "./state.ts";
import { readLogPage } from "./wire.ts";

/** Hidden pages show only their titles: often enough for those. */
const HIDDEN_INTERVAL_MS = 5_000;
const PROBE_TIMEOUT_MS = 5_000;
/** A clock this far from the server's, in seconds, means a page that was kept, or a wrong clock: ask. */
const SUSPICIOUS_OFFSET = 5;
/** Least time between two requests for log lines. */
const LOG_INTERVAL_MS = 250;

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
  if (data.page === "client") {
    const clientPage = createClientPage(data.model, options);
    page = clientPage;
    hydrate(<ClientPage view={clientPage.view} />, root);
  } else {
    const taskPage = createTaskPage(data.model, options);
    page = taskPage;
    hydrate(<TaskPage view={taskPage.view} />, root);
    followLog(taskPage, frame, data.model.task.id);
  }
  page.frame.scripted.value = true;
  effect(() => {
    document.title = page.title();
  });
  connect(page, frame);
}

/** Keeps the page connected, its clock ticking while it is, and its badge honest. */
function connect(page: LivePage, frame: PageFrame): void {
  const clock = new ServerClock(frame.now);
  const pending = new PendingUpdates(page.apply, schedule);
  let lastSign = frame.now;
  let live = false;

  async function probe(): Promise<ProbeResult> {
    try {
      // The script's name holds the hash of what it does: a server without it has another page to show.
      const init = {
        method: "HEAD",
        cache: "no-store",
        signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
      } as const;
      const response = await fetch(frame.assets.script, init);
      clock.correct(response.headers.get("date"));
      return response.status === 404 ? "outdated" : response.status < 500 ? "alive" : "dead";
    } catch {
      return "dead";
    }
  }

  function tick(): void {
    if (live && !document.hidden) page.frame.now.value = Math.max(page.frame.now.peek(), clock.now);
  }

  function show(status: ConnectionStatus): void {
    live = status.kind === "live";
    page.frame.connection.value = {
      kind: status.kind,
      asOf: lastSign,
      reason: "reason" in status ? status.reason : null,
    };
    tick();
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
    onSign: () => lastSign = clock.now,
    probe,
  });

  setInterval(tick, 1_000);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    pending.flush();
    tick();
    connection.retryNow();
  });
  addEventListener("online", () => connection.checkNow());
  addEventListener("offline", () => connection.checkNow());
  // A page that comes out of the back/forward cache has lost its socket without hearing of it.
  addEventListener("pageshow", (event) => event.persisted && connection.checkNow());
  if (Math.abs(clock.offset) > SUSPICIOUS_OFFSET) void probe().then(tick);
}

/** Fetches log lines as the task writes them: one request at a time. */
function followLog(page: LiveTaskPage, frame: PageFrame, id: string): void {
  let asking = false;
  async function ask(after: number): Promise<void> {
    asking = true;
    try {
      const response = await fetch(`${taskUrl(frame, id)}/logs?after=${after}`);
      if (response.ok) page.addLog(readLogPage(await response.json(), after));
    } catch {
      // The connection's badge says that the server is gone; the next change of the task asks again.
    }
    setTimeout(() => {
      asking = false;
      const next = page.nextLogLine();
      if (next !== null && next !== after) void ask(next);
    }, LOG_INTERVAL_MS);
  }
  effect(() => {
    const next = page.nextLogLine();
    if (next !== null && !asking) void ask(next);
  });
}

main();
