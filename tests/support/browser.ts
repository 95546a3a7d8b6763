/**
 * Opens pages in Chromium for tests.
 *
 * @module
 */

import type { BrowserContextOptions, Locator, Page } from "playwright-core";
import { CHROMIUM_EXECUTABLES, ENGINE_EXECUTABLES, openBrowser } from "./chromium.ts";
import { findTool } from "./tools.ts";

/** A page in a browser context of its own, which records console errors and the hosts it contacts. */
export interface TestPage extends AsyncDisposable {
  readonly page: Page;
  /** The page's console errors and warnings, uncaught errors and violations of the content security policy. */
  readonly complaints: readonly string[];
  /** The hosts that the page sent requests to. */
  readonly hosts: ReadonlySet<string>;
}

/** Options of a page: those of its browser context, and which browser it needs. */
export interface PageOptions extends BrowserContextOptions {
  /**
   * Whether the page needs the complete browser, with tabs and notifications, and not only its engine.
   * @default {false}
   */
  readonly wholeBrowser?: boolean;
}

/** Default timeout of actions and waits on a page, in milliseconds. */
const DEADLINE_MS = 30_000;

/**
 * Runs a function with a page in a browser.
 *
 * @param options options of the page
 * @param use the function; if no browser is installed, it is not called, and a warning is printed or, if `CI` is
 *   true, an error thrown
 */
export async function withPage(
  { wholeBrowser = false, ...context }: PageOptions,
  use: (page: TestPage) => Promise<void>,
): Promise<void> {
  const executables = wholeBrowser ? CHROMIUM_EXECUTABLES : ENGINE_EXECUTABLES;
  const executablePath = await findTool(executables, "A browser test");
  if (executablePath === undefined) return;
  await using test = await openPage(executablePath, context);
  await use(test);
}

/**
 * Clicks a link or button that opens another page, and waits until that page is loaded. A click alone waits only until
 * the page begins to load.
 */
export async function follow(link: Locator): Promise<void> {
  await Promise.all([link.page().waitForEvent("load"), link.click()]);
}

async function openPage(executablePath: string, options: BrowserContextOptions): Promise<TestPage> {
  const { browser, close } = await openBrowser(executablePath);
  const context = await browser.newContext(options);
  context.setDefaultTimeout(DEADLINE_MS);
  const complaints: string[] = [];
  const hosts = new Set<string>();
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      // deno-lint-ignore no-console -- the test listens to the console
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
  return { page, complaints, hosts, [Symbol.asyncDispose]: close };
}
