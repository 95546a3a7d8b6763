/**
 * A real browser, for tests of the pages.
 *
 * @module
 */

import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { findTool } from "./tools.ts";

/** A page in a browser of its own, which writes down what must not happen. */
export interface TestPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors on the console, thrown errors, violations of the content security policy. */
  readonly complaints: readonly string[];
  /** The hosts that were asked for anything. */
  readonly hosts: ReadonlySet<string>;
}

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** How long a page may take to show what a test waits for, in milliseconds. */
const DEADLINE_MS = 15_000;

/**
 * Runs something with a page in a browser.
 *
 * @param options how the browser is to be
 * @param use what to do with the page; not called where there is no browser, which is said, or thrown where CI is true
 */
export async function withPage(
  options: BrowserContextOptions,
  use: (page: TestPage) => Promise<void>,
): Promise<void> {
  const executablePath = await findTool(PLACES, "A browser test");
  if (executablePath === undefined) return;
  await using test = await openPage(executablePath, options);
  await use(test);
}

async function openPage(executablePath: string, options: BrowserContextOptions): Promise<TestPage> {
  // Containers of build machines run as root, where Chromium has no sandbox; it only sees our own pages.
  const args = [
    ...["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run"],
    // Nothing but the pages under test is to be asked for.
    ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
  ];
  // Else it looks, when it is imported, for a file that may only be seen with all permissions.
  Deno.env.set("__IS_WSL_TEST__", "1");
  const { chromium } = await import("playwright-core");
  const browser: Browser = await chromium.launch({ executablePath, args });
  const context = await browser.newContext(options);
  context.setDefaultTimeout(DEADLINE_MS);
  const complaints: string[] = [];
  const hosts = new Set<string>();
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      // deno-lint-ignore no-console -- the console is how the test hears of it
      console.error(`Content security policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol !== "data:") hosts.add(host);
  });
  page.on("websocket", (socket) => hosts.add(new URL(socket.url()).host));
  return { page, complaints, hosts, [Symbol.asyncDispose]: () => browser.close() };
}
