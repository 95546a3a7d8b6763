/**
 * Waits for pages to be live.
 *
 * @module
 */

import type { Page } from "playwright-core";

/** How long the page may take to connect, before the test makes it try again, in milliseconds. */
const CONNECT_MS = 10_000;
/** The maximum number of attempts of the page to connect. */
const TRIES = 6;

/**
 * Resolves when a page is live over a WebSocket. On a busy machine, a page falls back to an event stream, and would try the
 * socket again only after a while; when the browser says that the network is back, it does so at once.
 *
 * @param page the page of a task or of a list
 */
export async function untilLive(page: Page): Promise<void> {
  const live = page.getByTestId("connection").getByText("Live", { exact: true });
  for (let tries = 1; tries < TRIES; tries++) {
    if (await live.waitFor({ timeout: CONNECT_MS }).then(() => true, () => false)) return;
    await page.evaluate(() => dispatchEvent(new Event("online")));
  }
  await live.waitFor({ timeout: CONNECT_MS });
}
