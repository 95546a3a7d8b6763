/** Tests of open pages while the server is killed, restarted, disconnected, or unable to store tasks. */

import { DatabaseSync } from "node:sqlite";
import type { Page } from "playwright-core";
import type { LogLine, Task } from "../../lib/task/task.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { type TestPage, withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { freePort } from "../support/free_port.ts";
import { type Program, startProgram } from "../support/program.ts";
import { repetitions } from "../support/repetitions.ts";
import { startServer } from "../support/server.ts";
import { testSource } from "../support/test_source.ts";

const PHONE = { width: 360, height: 740 };

/** The maximum time until a page shows the expected state, in milliseconds. */
const DEADLINE_MS = 20_000;

const TASKS = `
const aborted = (task) => new Promise((_, reject) => {
  task.signal.addEventListener("abort", () => reject(task.signal.reason));
});

/** Reaches 40 percent and stays there. */
export async function standing(task) {
  task.log("began");
  await task.update({ progress: 40, status: "Copying b.csv" });
  await aborted(task);
}

/** Runs until cancelled. */
export async function moving(task) {
  for (let n = 0; !task.signal.aborted; n++) {
    task.log("line " + n);
    await task.update({ current: n, total: 1_000_000, status: "At " + n });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw task.signal.reason;
}

/** Ignores cancellation and runs until its process is killed. */
export async function deaf(task) {
  for (let n = 0; n < 10_000; n++) {
    await task.update({ status: task.signal.aborted ? "Asked to stop" : "Working" });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function quick(task, n) {
  return { n };
}
`;

/** The browser's own console messages when a server is unreachable or shutting down. */
const NETWORK_ERROR = /net::ERR_|WebSocket connection to .* failed|status of 503/;

/** A server process that can be stopped and started again with the same port and data file. */
class Restartable implements AsyncDisposable {
  readonly url: string;
  readonly #folder: string;
  readonly #args: readonly string[];
  #program: Program | undefined;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.url = `http://127.0.0.1:${port}`;
    this.#args = [
      "--port",
      `${port}`,
      "--data",
      `${folder}/tasks.db`,
      "--no-demo",
      "--tasks",
      `${folder}/t.js`,
    ];
  }

  static async begin(): Promise<Restartable> {
    const folder = await Deno.makeTempDir({ prefix: "taskscope-page-" });
    await Deno.writeTextFile(`${folder}/t.js`, TASKS);
    const server = new Restartable(folder, freePort());
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    this.#program = await startProgram(this.#args);
  }

  /** Sends a signal to the process, and waits until it has exited. */
  async end(signal: Deno.Signal): Promise<void> {
    this.#program?.process.kill(signal);
    await this.#program?.process.ended();
  }

  async run(name: string, id: string, args: readonly unknown[] = []): Promise<void> {
    const { status, text } = await call("POST", `${this.url}/tasks/c/start/${name}`, { body: { id, args } });
    assertEquals(status, 202, text);
  }

  async tasks(): Promise<Task[]> {
    return Object.values((await call("GET", `${this.url}/tasks/c`)).json.all_tasks);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program?.[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** A TCP proxy between a page and a server, whose connections a test can cut. */
class Wire implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.Conn>();
  readonly #ended: Promise<void>;
  isCut = false;
  /** The port that connections are forwarded to. */
  port = 0;

  constructor() {
    this.#ended = this.#accept();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  cut(): void {
    this.isCut = true;
    this.#closeAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    await this.#ended;
  }

  #closeAll(): void {
    for (const connection of this.#connections) {
      try {
        connection.close();
      } catch {
        // The other end is already closed.
      }
    }
    this.#connections.clear();
  }

  async #accept(): Promise<void> {
    const ways: Promise<unknown>[] = [];
    for await (const near of this.#listener) {
      if (this.isCut) {
        near.close();
        continue;
      }
      const far = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
      this.#connections.add(near).add(far);
      // Either end may be closed at any time, so errors are ignored.
      ways.push(near.readable.pipeTo(far.writable).catch(() => {}));
      ways.push(far.readable.pipeTo(near.writable).catch(() => {}));
    }
    await Promise.all(ways);
  }
}

/** The visible text of a row. */
interface Row {
  readonly id: string;
  readonly state: string;
  readonly name: string;
  /** The texts for the progress, the status, the result and the error. */
  readonly words: readonly string[];
}

interface Shown {
  readonly active: readonly Row[];
  readonly ended: readonly Row[];
  readonly counts: readonly string[];
  readonly title: string;
}

/** Reads the visible rows, the counts and the title; Playwright runs this function in the page. */
function readShown(): Shown {
  const part = (name: string) => {
    return [...document.querySelectorAll<HTMLElement>(`[data-testid=${name}] li[data-task-id]`)].map((
      row,
    ) => ({
      id: row.dataset.taskId ?? "",
      state: row.dataset.state ?? "",
      name: row.querySelector("h3")?.textContent ?? "",
      words: [
        ...row.querySelectorAll(
          ".row-percent, .row-status, .row-outcome:not(.row-failed), .row-error, .row-last",
        ),
      ]
        .map((element) => (element.textContent ?? "").replace(/\s+/g, " ").trim())
        .sort(),
    }));
  };
  return {
    active: part("active"),
    ended: part("ended"),
    counts: [
      ...document.querySelectorAll("[data-testid=active] .section-count, [data-testid=ended] .section-count"),
    ].map((count) => count.textContent ?? ""),
    title: document.title,
  };
}

/** Returns the rows, the counts and the title that a page must show for the tasks of a server. */
function shownOf(tasks: readonly Task[]): Shown {
  const active = tasks.filter((task) => task.finished_at === null);
  const ended = tasks.filter((task) => task.finished_at !== null);
  const after = (left: number, right: number, one: Task, other: Task) =>
    right - left || (other.id > one.id ? 1 : -1);
  active.sort((one, other) => after(one.created_at, other.created_at, one, other));
  ended.sort((one, other) => after(one.finished_at!, other.finished_at!, one, other));
  return {
    active: active.map(rowOf),
    ended: ended.map(rowOf),
    counts: [`${active.length}`, `${ended.length}`],
    title: titleOf(active, ended),
  };
}

/**
 * Returns the title that the page must have. The user has seen none of the failures, because the page was open before all
 * of them, and there was no interaction since.
 */
function titleOf(active: readonly Task[], ended: readonly Task[]): string {
  const failed = ended.filter((task) => task.state === "ERROR").length;
  const progress = active.flatMap((task) => task.progress ?? []);
  const mean = progress.reduce((sum, each) => sum + each, 0) / progress.length;
  return [
    ...(failed === 0 ? [] : [`✗ ${failed} failed`]),
    ...(progress.length === 0 ? [] : [`${Math.floor(mean + 1e-9)}%`]),
    ...(active.length === 0 ? [] : [`${active.length} active`]),
    "Taskscope",
  ].join(" · ");
}

function rowOf(task: Task): Row {
  const { id, name, state, status } = task;
  const percent = task.progress === null ? "—" : `${Math.floor(task.progress + 1e-9)}%`;
  const isCut = task.error?.type === "interrupted";
  // A task killed before its first status was stored shows only its error.
  const last = [task.progress === null ? "" : percent, status.startsWith("Error: ") ? "" : status];
  const said = last.filter((each) => each !== "").join(" · ");
  const words = task.error !== null
    ? [
      `${isCut ? "Interrupted" : task.error.type} ${task.error.message}`,
      ...(said === "" ? [] : [`Last: ${said}`]),
    ]
    : task.finished_at === null
    ? [percent, status]
    : [`Result: ${JSON.stringify(task.result)}`];
  return { id, state, name, words: words.sort() };
}

/** Waits until a function that reads the page returns the wanted value; the error message contains the actual value. */
async function shows<T>(page: Page, read: () => T, wanted: T): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  for (;;) {
    const shown = await page.evaluate(read);
    if (JSON.stringify(shown) === JSON.stringify(wanted) || performance.now() > end) {
      return assertEquals(shown, wanted);
    }
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
  }
}

function badge(page: Page) {
  return page.getByTestId("connection");
}

async function live(page: Page): Promise<void> {
  await badge(page).getByText("Live", { exact: true }).waitFor();
}

async function reconnecting(page: Page): Promise<void> {
  await badge(page).getByText("Reconnecting…").waitFor();
}

/** Returns the message that the page shows and announces after a reconnect. */
async function newsOf(page: Page): Promise<string> {
  const news = page.getByTestId("toast");
  await news.waitFor();
  const sentences = await news.innerText();
  await page.getByTestId("announcer").getByText(sentences).waitFor();
  return sentences;
}

/** Asserts that no content of the page is wider than the window. */
async function fits(page: Page): Promise<void> {
  assert(
    await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
    "it scrolls sideways",
  );
}

/** Opens a page and marks the document, so that a reload, which loses the mark, is detected. */
async function open(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await live(page);
  await page.evaluate(() => void Object.assign(globalThis, { mark: "same page" }));
}

/** Asserts that the page was not reloaded and logged nothing but the browser's network errors. */
async function stayed({ page, complaints }: TestPage): Promise<void> {
  assertEquals(await page.evaluate(() => Reflect.get(globalThis, "mark")), "same page");
  assertEquals(complaints.filter((text) => !NETWORK_ERROR.test(text)), []);
}

Deno.test("page: shows the server's state after each kill, without a reload", async () => {
  await using server = await Restartable.begin();
  await withPage({}, async (test) => {
    const { page } = test;
    await open(page, `${server.url}/t/c`);
    for (const round of [1, 2, 3]) {
      await server.run("standing", `standing-${round}`);
      await server.run("moving", `moving-${round}`);
      await server.run("quick", `quick-${round}`, [round]);
      await page.locator(`li[data-task-id="quick-${round}"][data-state="FINISHED"]`).waitFor();
      await page.locator(`li[data-task-id="moving-${round}"]`).getByText(/At [1-9]/).waitFor();
      await server.end("SIGKILL");
      await reconnecting(page);
      assertEquals(await page.locator(`li[data-task-id="standing-${round}"]`).count(), 1);

      await server.start();
      await server.run("quick", `between-${round}`, ["between"]);
      if (round === 2) {
        // The page may or may not have reconnected by now.
        await server.end("SIGKILL");
        await server.start();
      }
      await live(page);
      const news = await newsOf(page);
      if (round !== 2) {
        assertMatch(
          news,
          /^Reconnected\. The server was restarted; \d tasks changed in the meantime, 2 were interrupted\.$/,
        );
      }
      assertMatch(news, /^Reconnected\. /);
      const tasks = await server.tasks();
      assertEquals(tasks.length, 4 * round);
      assertEquals(tasks.filter((task) => task.error?.type === "interrupted").length, 2 * round);
      await shows(page, readShown, shownOf(tasks));
    }
    await server.run("standing", "runs-on");
    await page.locator('li[data-task-id="runs-on"]').getByText("40%").waitFor();
    await call("DELETE", `${server.url}/tasks/c/quick-1`);
    await shows(page, readShown, shownOf(await server.tasks()));
    await stayed(test);
  });
});

/** The number of times that the server is killed. */
const KILLS = repetitions({ gate: 5, soak: 20, executable: 2 });

Deno.test(`page: the list and the task page recover without a reload from each of ${KILLS} kills`, async () => {
  await using server = await Restartable.begin();
  await server.run("standing", "first");
  await withPage({}, async (test) => {
    const { page } = test;
    await open(page, `${server.url}/t/c`);
    const other = await page.context().newPage();
    await open(other, `${server.url}/t/c/first`);
    for (let round = 1; round <= KILLS; round++) {
      const id = `standing-${round}`;
      await server.run("standing", id);
      await page.locator(`li[data-task-id="${id}"]`).getByText("40%").waitFor();
      if (round % 5 === 0) await server.run("quick", `quick-${round}`, [round]);
      await server.end("SIGKILL");
      // In every other round, the server is back before the page notices that it was gone.
      if (round % 2 === 0) await reconnecting(page);
      await server.start();
      if (round % 4 === 0) await server.run("quick", `meanwhile-${round}`);
      const tasks = await server.tasks();
      assertEquals(tasks.length, 1 + round + Math.floor(round / 5) + Math.floor(round / 4));
      assertEquals(tasks.filter((task) => task.error?.type === "interrupted").length, 1 + round);
      await shows(page, readShown, shownOf(tasks));
      await shows(other, readTaskPage, await taskPageOf(server.url, "first"));
      await live(page);
      await live(other);
    }
    await stayed(test);
    assertEquals(await other.evaluate(() => Reflect.get(globalThis, "mark")), "same page");
  });
});

/** Reads the state, progress, status, error and newest log lines from the task page; Playwright runs this function in the page. */
function readTaskPage() {
  const text = (selector: string) => document.querySelector(selector)?.textContent ?? null;
  return {
    state: document.querySelector<HTMLElement>(".hero")?.dataset.state ?? "",
    percent: text(".hero-percent"),
    status: text(".hero-status"),
    error: [text("#error-title"), text(".error-message")],
    log: [...document.querySelectorAll(".log-text")].map((line) => line.textContent ?? "").slice(-50),
  };
}

async function taskPageOf(url: string, id: string): Promise<ReturnType<typeof readTaskPage>> {
  const task: Task = (await call("GET", `${url}/tasks/c/${id}`)).json;
  const lines: LogLine[] = (await call("GET", `${url}/tasks/c/${id}/logs`)).json.lines;
  return {
    state: task.state,
    percent: task.state === "FINISHED" || task.progress === null ? null : `${Math.floor(task.progress)}%`,
    // The page does not show a status that only repeats the state or the error.
    status: /^(Finished$|Error: )/.test(task.status) ? null : task.status,
    error: task.error === null
      ? [null, null]
      : [task.error.type === "interrupted" ? "Interrupted" : task.error.type, task.error.message],
    log: lines.map((line) => line.text).slice(-50),
  };
}

Deno.test("page: the task page shows that the task was interrupted, with its last status", async () => {
  await using server = await Restartable.begin();
  await withPage({}, async (test) => {
    const { page } = test;
    for (const round of [1, 2, 3]) {
      const id = `moving-${round}`;
      await server.run("moving", id);
      await open(page, `${server.url}/t/c/${id}`);
      await page.getByText("line 20", { exact: true }).waitFor();
      // Once the response to this request arrives, the task and all earlier changes are stored.
      await server.run("quick", `before-${round}`);
      await server.end("SIGKILL");
      await reconnecting(page);
      await server.start();
      await server.run("quick", `quick-${round}`);
      await live(page);
      assertEquals(
        await newsOf(page),
        "Reconnected. The server was restarted; this task was interrupted.",
      );
      const wanted = await taskPageOf(server.url, id);
      assertEquals([wanted.state, wanted.error[0]], ["ERROR", "Interrupted"]);
      assertMatch(wanted.status ?? "", /^At \d+$/);
      await shows(page, readTaskPage, wanted);
      await stayed(test);
    }
  });
});

Deno.test("page: shows that the server is shutting down, and recovers when it is back", async () => {
  await using server = await Restartable.begin();
  await withPage({ viewport: PHONE }, async (test) => {
    const { page } = test;
    await server.run("deaf", "deaf");
    await server.run("standing", "standing");
    await open(page, `${server.url}/t/c`);
    const ended = server.end("SIGTERM");
    await badge(page).getByText("The server is shutting down").waitFor();
    await fits(page);
    // Changes are still shown until the server exits.
    await page.locator('li[data-task-id="standing"][data-state="ERROR"]').waitFor();
    await page.locator('li[data-task-id="deaf"]').getByText("Asked to stop").waitFor();
    await page.locator('li[data-task-id="deaf"][data-state="ERROR"]').waitFor();
    await ended;
    await reconnecting(page);
    await fits(page);
    await server.start();
    await server.run("quick", "quick");
    await live(page);
    assertMatch(
      await newsOf(page),
      /^Reconnected\. The server was restarted; (1 task|nothing) changed in the meantime\.$/,
    );
    await fits(page);
    await shows(page, readShown, shownOf(await server.tasks()));
    await stayed(test);
  });
});

testSource(
  "page: catches up after a lost connection, including log lines, and does not report a restart",
  async () => {
    await using wire = new Wire();
    await using server = startServer({ publicUrls: [wire.url] });
    wire.port = server.port;
    const steps = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    const run = server.monitor.monitored(async (task) => {
      task.log("before");
      await steps[0].promise;
      for (let n = 0; n < 700; n++) task.log(`line ${n}`);
      await task.update({ progress: 50, status: "Half of it" });
      await steps[1].promise;
      for (let n = 700; n < 2_500; n++) task.log(`line ${n}`);
      return "all";
    }, { name: "cut", client: "c", id: "cut" });
    const { done } = run.start();
    await withPage({}, async (test) => {
      const { page } = test;
      await open(page, `${wire.url}/t/c/cut`);
      await page.getByText("before", { exact: true }).waitFor();
      wire.cut();
      await reconnecting(page);
      wire.isCut = false;
      await live(page);
      assertEquals(await newsOf(page), "Reconnected. This task did not change in the meantime.");
      for (const [index, { resolve }] of steps.entries()) {
        wire.cut();
        await reconnecting(page);
        assertEquals(await page.getByTestId("toast").count(), 0, "the message must have disappeared");
        resolve();
        if (index === 1) await done;
        wire.isCut = false;
        await live(page);
        assertEquals(await newsOf(page), "Reconnected. This task changed in the meantime.");
        await shows(page, readTaskPage, await taskPageOf(wire.url, "cut"));
      }
      await stayed(test);
    });
    for (const { resolve } of steps) resolve();
    await done;
    assertEquals(server.errors, []);
  },
);

testSource(
  "page: shows that nothing can be stored until storage works again, with and without JavaScript",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "taskscope-page-" });
    try {
      const data = `${folder}/tasks.db`;
      await using server = startServer({ data });
      const step = Promise.withResolvers<void>();
      const run = server.monitor.monitored(async (task) => {
        await task.update({ progress: 10 });
        await step.promise;
        for (let n = 11; !task.signal.aborted; n = n % 90 + 1) {
          await task.update({ progress: n, status: `At ${n}` });
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        throw task.signal.reason;
      }, { name: "waiting", client: "c", id: "waiting" });
      const { done } = run.start();
      await withPage({}, async (test) => {
        const { page } = test;
        await open(page, `${server.url}/t/c`);
        await page.locator('li[data-task-id="waiting"]').waitFor();
        const other = await page.context().newPage();
        await open(other, `${server.url}/t/c/waiting`);
        const banners = [page, other].map((each) => each.getByTestId("degraded"));

        const lock = new DatabaseSync(data);
        lock.exec("BEGIN IMMEDIATE");
        step.resolve();
        for (const banner of banners) await banner.waitFor();
        const words = await banners[0]!.innerText();
        assertMatch(words, /^Changes can't be saved at the moment: another program has locked it/);
        assertMatch(
          words,
          /Running tasks continue, and their changes are saved as soon as this is resolved\.$/,
        );
        await page.getByTestId("announcer").getByText(words).waitFor();
        const { version }: Task = (await call("GET", `${server.url}/tasks/c/waiting`)).json;
        await withPage({ javaScriptEnabled: false, viewport: PHONE }, async ({ page: plain }) => {
          for (const path of ["", "/waiting"]) {
            await plain.goto(`${server.url}/t/c${path}`);
            assertEquals(await plain.getByTestId("degraded").innerText(), words);
            await fits(plain);
          }
        });
        const { version: later }: Task = (await call("GET", `${server.url}/tasks/c/waiting`)).json;
        assert(later > version, "running tasks continue");
        await other.reload();
        await live(other);
        await banners[1]!.waitFor();

        lock.exec("ROLLBACK");
        lock.close();
        for (const banner of banners) await banner.waitFor({ state: "detached" });
        await page.getByTestId("announcer").getByText("Changes are being saved again.").waitFor();
        assertStringIncludes(await badge(page).innerText(), "Live");
        await call("POST", `${server.url}/tasks/c/waiting/cancel`);
        await page.locator('li[data-task-id="waiting"][data-state="CANCELLED"]').waitFor();
        await stayed(test);
      });
      step.resolve();
      await call("POST", `${server.url}/tasks/c/waiting/cancel`);
      await done.catch(() => {});
      assertEquals(server.errors, []);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
