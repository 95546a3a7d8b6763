/**
 * Opens a page in Firefox for tests, over WebDriver BiDi.
 *
 * @module
 */

import type { Browser, Page } from "puppeteer-core";
import { findTool } from "./tools.ts";

/** The names under which Firefox may be installed. */
const FIREFOX_EXECUTABLES: readonly string[] = ["firefox-esr", "firefox"];
/** How long Firefox may take to start, a page to load, and a condition to become true, in milliseconds. */
const DEADLINE_MS = 60_000;

/** A page in Firefox, and the errors that were logged on it. */
export interface FirefoxPage {
  readonly page: Page;
  /** The page's console errors and uncaught errors. */
  readonly complaints: readonly string[];
}

/**
 * Runs a function with a page in Firefox.
 *
 * @param use the function; if Firefox is not installed, it is not called, and a warning is printed or, if `CI` is
 *   true, an error thrown
 */
export async function withFirefox(use: (page: FirefoxPage) => Promise<void>): Promise<void> {
  const name = await findTool(FIREFOX_EXECUTABLES, "A test in Firefox");
  if (name === undefined) return;
  const browser = await launch(name);
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(DEADLINE_MS);
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await use({ page, complaints });
  } finally {
    await browser.close();
  }
}

async function launch(name: string): Promise<Browser> {
  const { default: puppeteer } = await import("puppeteer-core");
  return await puppeteer.launch({
    browser: "firefox",
    executablePath: await pathOf(name),
    headless: true,
    timeout: DEADLINE_MS,
    protocolTimeout: 2 * DEADLINE_MS,
  });
}

/** Looks up a program on the `PATH`. */
async function pathOf(name: string): Promise<string> {
  for (const folder of Deno.env.get("PATH")!.split(":")) {
    const path = `${folder}/${name}`;
    if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return path;
  }
  throw new Error(`Cannot find ${name} on the PATH, although it runs`);
}
