/**
 * Opens pages in Chromium for tests.
 *
 * @module
 */

import type { BrowserContextOptions, Page } from "playwright-core";
import { CHROMIUM_EXECUTABLES, openBrowser } from "./chromium.ts";
import { findTool } from "./tools.ts";

/** A page in a browser context of its own, which records what must not happen. */
export interface TestPage extends AsyncDisposable {
  readonly page: Page;
  /** Console errors and warnings, uncaught errors, violations of the content security policy. */
  readonly complaints: readonly string[];
  /** The hosts that received a request. */
  readonly hosts: ReadonlySet<string>;
}

/** Default timeout of the page's actions and waits, in milliseconds. */
const DEADLINE_MS = 30_000;

/**
 * Runs a function with a page in a browser.
 *
 * @param options options of the browser context
 * @param use uses the page; without a browser it is not called and a warning is printed, or an error is thrown if
 *   `CI` is true
 */
export async function withPage(
  options: BrowserContextOptions,
  use: (page: TestPage) => Promise<void>,
): Promise<void> {
  const executablePath = await findTool(CHROMIUM_EXECUTABLES, "A browser test");
  if (executablePath === undefined) return;
  await using test = await openPage(executablePath, options);
  await use(test);
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
