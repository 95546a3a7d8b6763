/**
 * Launches Chromium, or connects to the one that all test files share.
 *
 * @module
 */

import { Socket } from "node:net";
import type { Browser, BrowserServer, BrowserType } from "playwright-core";

/** The paths at which Chromium may be installed. */
export const CHROMIUM_EXECUTABLES: readonly string[] = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/**
 * The paths of what runs most tests of pages. Chromium's headless shell comes first: the same engine without
 * the user interface around a page, which takes two thirds of the processor time of opening a page.
 */
export const ENGINE_EXECUTABLES: readonly string[] = [
  "/usr/bin/chromium-headless-shell",
  ...CHROMIUM_EXECUTABLES,
];

/** The environment variables in which the test runner passes which browser is running, and its address. */
const SHARED_EXECUTABLE = "TASKSCOPE_TEST_BROWSER";
const SHARED_ADDRESS = "TASKSCOPE_TEST_BROWSER_ADDRESS";

const ARGS = [
  // Build containers run as root, and Chromium has no sandbox for root; the tests open the project's own pages only.
  ...["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run"],
  // Chromium must send no requests of its own, only those of the pages under test.
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/** A browser, and a function that closes it completely. */
export interface OpenBrowser {
  readonly browser: Browser;
  /** Closes the browser; if the browser is shared, only this connection and its contexts. */
  close(): Promise<void>;
}

/**
 * Launches a browser, or connects to the shared one.
 *
 * @param executablePath the browser, which is launched unless it is the shared one
 * @returns the browser, and a function that closes it
 */
export async function openBrowser(executablePath: string): Promise<OpenBrowser> {
  const chromium = await loadPlaywright();
  if (executablePath !== Deno.env.get(SHARED_EXECUTABLE)) {
    const browser = await chromium.launch({ executablePath, args: ARGS });
    return { browser, close: () => browser.close() };
  }
  const address = Deno.env.get(SHARED_ADDRESS)!;
  const { result: browser, sockets } = await recordSockets(() => chromium.connect(address));
  return {
    browser,
    async close() {
      // Disconnecting alone would close the contexts later, when the server of the test may already be closed.
      await Promise.all(browser.contexts().map((context) => context.close()));
      await browser.close();
      await Promise.all(sockets.map(closed));
    },
  };
}

/**
 * Records which sockets a function opens. The caller closes these sockets, because `Browser.close()` does not
 * wait until its connection has ended, and Deno then reports the connection's timer as a leak of the test.
 */
async function recordSockets<T>(
  open: () => Promise<T>,
): Promise<{ readonly result: T; readonly sockets: readonly Socket[] }> {
  const sockets: Socket[] = [];
  const { connect } = Socket.prototype;
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
    sockets.push(this);
    return Reflect.apply(connect, this, args);
  };
  try {
    return { result: await open(), sockets };
  } finally {
    Socket.prototype.connect = connect;
  }
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise<void>((resolve) => socket.once("close", () => resolve()));
}

/** Launches a browser that other processes can connect to. */
export async function launchSharedBrowser(
  executablePath: string,
): Promise<{ readonly server: BrowserServer; readonly env: Readonly<Record<string, string>> }> {
  const chromium = await loadPlaywright();
  const server = await chromium.launchServer({ executablePath, args: ARGS, host: "127.0.0.1" });
  return { server, env: { [SHARED_EXECUTABLE]: executablePath, [SHARED_ADDRESS]: server.wsEndpoint() } };
}

async function loadPlaywright(): Promise<BrowserType> {
  // On import, playwright-core reads a file to detect WSL, which requires all permissions; this variable skips that.
  Deno.env.set("__IS_WSL_TEST__", "1");
  const { chromium } = await import("playwright-core");
  return chromium;
}
