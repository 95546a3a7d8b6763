/**
 * Launches Chromium, or connects to the one that all test files share.
 *
 * @module
 */

import type { Browser, BrowserServer, BrowserType } from "playwright-core";

/** Where Chromium may be installed. */
export const CHROMIUM_EXECUTABLES: readonly string[] = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** The variable with the address of a running browser; the test runner sets it. */
const SHARED_BROWSER = "TASKSCOPE_TEST_BROWSER";

const ARGS = [
  // Containers of build machines run as root, where Chromium has no sandbox; it only opens our own pages.
  ...["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run"],
  // Chromium must request nothing but the pages under test.
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/**
 * Launches a browser, or connects to the shared one.
 *
 * @param executablePath the browser to launch if none is shared
 * @returns the browser; closing it closes its own contexts only if it is shared
 */
export async function openBrowser(executablePath: string): Promise<Browser> {
  const chromium = await loadPlaywright();
  const shared = Deno.env.get(SHARED_BROWSER);
  if (shared !== undefined) return await chromium.connect(shared);
  return await chromium.launch({ executablePath, args: ARGS });
}

/** Launches a browser that other processes can share. */
export async function launchSharedBrowser(
  executablePath: string,
): Promise<{ readonly server: BrowserServer; readonly env: Readonly<Record<string, string>> }> {
  const chromium = await loadPlaywright();
  const server = await chromium.launchServer({ executablePath, args: ARGS, host: "127.0.0.1" });
  return { server, env: { [SHARED_BROWSER]: server.wsEndpoint() } };
}

async function loadPlaywright(): Promise<BrowserType> {
  // Without it, playwright-core looks for WSL on import, in a file that takes all permissions to read.
  Deno.env.set("__IS_WSL_TEST__", "1");
  const { chromium } = await import("playwright-core");
  return chromium;
}
