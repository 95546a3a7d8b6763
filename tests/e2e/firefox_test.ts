/** Tests the pages in Firefox: the list, the task page with its log, and a restart of the server. */

import type { Page } from "puppeteer-core";
import { assertEquals } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { withFirefox } from "../support/firefox.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

/** What Firefox logs about requests that fail while the server is down. */
const NETWORK_ERROR =
  /^(Error: )?Firefox can’t establish a connection|^The connection to .* was interrupted|NetworkError/;

/** Waits until the page's text, as a user sees it, contains a text. */
async function sees(page: Page, text: string, within = "body"): Promise<void> {
  await page.waitForFunction(
    (text, within) => document.querySelector<HTMLElement>(within)?.innerText.includes(text),
    {},
    text,
    within,
  );
}

async function live(page: Page): Promise<void> {
  await sees(page, "Live", "[data-testid=connection]");
}

/** Waits until the list has exactly these tasks, in any order. */
async function shows(page: Page, ids: readonly string[]): Promise<void> {
  await page.waitForFunction(
    (wanted) => {
      const rows = [...document.querySelectorAll<HTMLElement>("li[data-task-id]")];
      return rows.map((row) => row.dataset.taskId).sort().join() === wanted;
    },
    {},
    ids.toSorted().join(),
  );
}

/** Waits until the list shows a task in this state. */
async function hasState(page: Page, id: string, state: string): Promise<void> {
  await page.waitForSelector(`li[data-task-id="${id}"][data-state="${state}"]`);
}

/** A server behind an address that stays the same, with a data file. */
class Place implements AsyncDisposable {
  readonly #folder = Deno.makeTempDirSync();
  #server: TestServer;
  readonly #proxy: TcpProxy;

  constructor() {
    this.#server = this.#start();
    this.#proxy = new TcpProxy(this.#server.port);
  }

  get url(): string {
    return this.#proxy.url;
  }

  /** Sends a request for a path below the client's tasks directly to the server, not through the proxy. */
  async tell(path: string, body: Readonly<Record<string, unknown>>, method = "POST"): Promise<void> {
    const { status, text } = await call(method, `${this.#server.url}/tasks/shop${path}`, { body });
    if (status >= 300) throw new Error(`Cannot ${method} ${path}: ${status} ${text}`);
  }

  async stop(): Promise<void> {
    this.#proxy.refuse();
    await this.#server[Symbol.asyncDispose]();
  }

  async restart(): Promise<void> {
    this.#server = this.#start();
    await this.#proxy.restore(this.#server.port);
  }

  #start(): TestServer {
    return startServer({ data: `${this.#folder}/tasks.db` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#proxy[Symbol.asyncDispose]();
    assertEquals(this.#server.errors, []);
    await Deno.remove(this.#folder, { recursive: true });
  }
}

Deno.test("Firefox: list, live change, search, task, log, cancellation and a restart of the server", async () => {
  await using place = new Place();
  for (const id of ["upload", "backup"]) {
    await place.tell("", { id, name: `nightly ${id}`, stale_after: 3_600 });
    await place.tell(`/${id}`, { progress: 20 });
  }
  await place.tell("/backup/logs", {
    lines: Array.from({ length: 300 }, (_, index) => index % 100 === 50 ? `WARN line ${index}` : "copied"),
  });
  await withFirefox(async ({ page, complaints }) => {
    await page.goto(`${place.url}/t/shop`);
    await live(page);
    await shows(page, ["upload", "backup"]);

    await place.tell("/upload", { progress: 73, status: "almost there" });
    await sees(page, "73%", 'li[data-task-id="upload"]');
    await sees(page, "almost there");
    await place.tell("", { id: "import", name: "import orders" });
    await shows(page, ["upload", "backup", "import"]);
    await place.tell("/import/fail", { error: { message: "no such file" } });
    await hasState(page, "import", "ERROR");

    await page.type("#search", "backup");
    await shows(page, ["backup"]);
    await page.click('li[data-task-id="backup"] h3 a');
    await page.waitForSelector(".log-search");
    await live(page);

    await page.type(".log-search", "warn");
    await sees(page, "Match 1 of 3 in 300 lines");
    await page.keyboard.press("Enter");
    await sees(page, "WARN line 150", ".log-line[aria-current]");
    await place.tell("/backup/logs", { lines: ["WARN a new line"] });
    await sees(page, "Match 2 of 4 in 301 lines");

    await page.click('button[aria-label="Cancel nightly backup"]');
    await page.waitForSelector('button[aria-label="Cancelling nightly backup"]');
    await place.tell("/backup/cancelled", {});
    await sees(page, "Cancelled", "main");

    await page.goto(`${place.url}/t/shop`);
    await live(page);
    await hasState(page, "backup", "CANCELLED");
    await place.stop();
    await sees(page, "Reconnecting", "[data-testid=connection]");
    await place.restart();
    await place.tell("/upload", { progress: 90 });
    await live(page);
    await sees(page, "90%", 'li[data-task-id="upload"]');
    await place.tell("/upload/finish", { result: { files: 3 } });
    await hasState(page, "upload", "FINISHED");
    await shows(page, ["upload", "backup", "import"]);
    assertEquals(complaints.filter((text) => !NETWORK_ERROR.test(text)), []);
  });
});
