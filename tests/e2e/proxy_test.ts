/** Tests of the program behind nginx, below a path, with the documented configuration of nginx. */

import type { Page } from "playwright-core";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { findNginx, Nginx, type NginxOptions } from "../support/nginx.ts";
import { freePort } from "../support/free_port.ts";
import { rawCall } from "../support/raw_http.ts";
import { type Program, spawn, startProgram } from "../support/program.ts";

interface Behind {
  readonly program: Program;
  readonly nginx: Nginx;
  /** The public URL, without a trailing slash. */
  readonly url: string;
}

/** Runs a test with the program behind nginx, if nginx is installed. */
async function behind(
  options: Omit<NginxOptions, "port">,
  use: (behind: Behind) => Promise<void>,
): Promise<void> {
  const name = await findNginx(options);
  if (name === undefined) return;
  const port = freePort();
  const url = `${options.tls ? "https" : "http"}://127.0.0.1:${port}/monitor`;
  // The test chooses the port of the program, because the program prints the public URL instead of its own address.
  const inner = freePort();
  const args = ["--port", `${inner}`, "--base-path", "/monitor", "--public-url", url];
  await using program = await startProgram(args);
  await using nginx = await Nginx.start(name, port, { ...options, port: inner });
  await use({ program, nginx, url: nginx.url });
  assertEquals(program.process.stderr, "");
}

function badge(page: Page) {
  return page.getByTestId("connection");
}

async function startLongTask(page: Page): Promise<void> {
  const form = page.locator("details.start-form", { hasText: "Long-running task" });
  if (await form.getAttribute("open") === null) await form.locator("summary").click();
  await form.locator("button[type=submit]").click();
}

/** Tests every feature that involves a path or a URL. */
async function tour(
  { url }: Behind,
  live: string,
  isExpected: (complaint: string) => boolean = () => false,
): Promise<void> {
  const { origin, host } = new URL(url);
  await withPage({ ignoreHTTPSErrors: true }, async ({ page, complaints, hosts }) => {
    await page.goto(url);
    assertMatch(page.url(), /\/monitor\/t\/default$/);
    await badge(page).getByText(live, { exact: true }).waitFor();
    await page.goto(`${url}/t/tour`);
    await badge(page).getByText(live, { exact: true }).waitFor();
    await page.evaluate(() => void Object.assign(globalThis, { mark: "same page" }));

    await startLongTask(page);
    const active = page.getByTestId("active").locator("li[data-task-id]");
    await active.getByText(/^[1-9]\d?%$/).waitFor();
    await active.getByRole("button", { name: /Cancel/ }).click();
    const ended = page.getByTestId("ended").locator('li[data-task-id][data-state="CANCELLED"]');
    await ended.waitFor();
    assertEquals(await page.evaluate(() => Reflect.get(globalThis, "mark")), "same page");

    await importByUrl(url);
    await page.getByTestId("ended").locator("h3", { hasText: "imported" }).waitFor();

    for (const link of await page.locator("a[href], link[href], script[src]").all()) {
      const address = await link.getAttribute("href") ?? await link.getAttribute("src") ?? "";
      if (/^(data:|#)/.test(address)) continue;
      const target = new URL(address, page.url());
      assert(target.href.startsWith(`${url}/`), `${address} leads out of ${url}`);
      const answer = await page.request.get(target.href);
      assert(answer.ok(), `${address} answered ${answer.status()}`);
    }
    assertStringIncludes(await page.locator("main").innerText(), `${origin}/monitor/tasks/tour`);

    await ended.locator("h3 a").click();
    await badge(page).getByText(live, { exact: true }).waitFor();
    assertMatch(page.url(), /\/monitor\/t\/tour\/[^/]+$/);
    const logs = await page.request.get(page.url().replace("/t/", "/tasks/") + "/logs");
    assertEquals([logs.status(), Array.isArray((await logs.json()).lines)], [200, true]);
    await page.getByRole("button", { name: /Remove/ }).click();

    assertEquals(complaints.filter((text) => !isExpected(text)), []);
    assertEquals([...hosts], [host]);
  });
  await withPage({ ignoreHTTPSErrors: true, javaScriptEnabled: false }, async ({ page, complaints }) => {
    await page.goto(`${url}/t/plain`);
    await startLongTask(page);
    await page.locator("li[data-task-id]").first().waitFor();
    assertEquals(page.url(), `${url}/t/plain`);
    assertEquals(complaints, []);
  });
}

/** Runs a program that imports the module from the public URL, and asserts that its task is reported there. */
async function importByUrl(url: string): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-job-" });
  try {
    await Deno.writeTextFile(
      `${folder}/job.ts`,
      `import { monitored } from "${url}/monitored.ts";
await monitored(() => "done", { name: "imported", client: "tour" })();
`,
    );
    const { host } = new URL(url);
    const flags = ["--no-prompt", "--allow-net", `--allow-import=${host}`, "--no-lock"];
    const trust = url.startsWith("https") ? ["--unsafely-ignore-certificate-errors=127.0.0.1"] : [];
    await using job = spawn(Deno.execPath(), ["run", ...flags, ...trust, "job.ts"], { cwd: folder });
    const { code, stderr } = await job.ended();
    assertEquals(code, 0, stderr);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("nginx: everything works behind nginx, below a path, with live updates", async () => {
  await behind({}, (it) => tour(it, "Live"));
});

Deno.test("nginx: everything works behind nginx with TLS, with live updates", async () => {
  await behind({ tls: true }, (it) => tour(it, "Live"));
});

/** The message that the browser logs if an upgrade to a WebSocket is refused. */
const REFUSED_UPGRADE = /WebSocket connection to .* failed/;

Deno.test("nginx: if upgrades are blocked, everything works, and the page shows that it uses an event stream", async () => {
  await behind(
    { stripsUpgrades: true },
    (it) => tour(it, "Live via event stream", (text) => REFUSED_UPGRADE.test(text)),
  );
});

Deno.test("nginx: if event streams are blocked, too, the page polls every few seconds, and shows that", async () => {
  await behind(
    { stripsUpgrades: true, blocksStreams: true },
    (it) =>
      tour(it, "Refreshing every few seconds", (text) => REFUSED_UPGRADE.test(text) || text.includes("403")),
  );
});

Deno.test("behind nginx, a response is compressed exactly if Taskscope compresses it", async () => {
  await behind({}, async ({ url }) => {
    const { host, port } = new URL(url);
    const encodingOf = async (path: string) => {
      const headers = [["Host", host], ["Accept-Encoding", "gzip"]] as const;
      const answer = await rawCall(Number(port), "GET", `/monitor${path}`, headers);
      assertEquals(answer.status, 200, path);
      return answer.headers.get("content-encoding");
    };
    assertEquals(await encodingOf("/t/default"), "gzip");
    // The page repeats its query next to the texts of tasks.
    assertEquals(await encodingOf("/t/default?q=guess"), null);
  });
});
