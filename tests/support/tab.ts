/**
 * Controls whether a browser tab is in the background, and records its notifications.
 *
 * @module
 */

import type { Page } from "playwright-core";

/** The state that the script in the page maintains for the test. */
interface TabRecord {
  isHidden: boolean;
  readonly notices: string[];
  asked: number;
}

/** Installs the script in a page; must be called before the page opens a URL. */
export async function prepareTab(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const record: TabRecord = { isHidden: false, notices: [], asked: 0 };
    Object.assign(globalThis, { tabRecord: record });
    Object.defineProperty(document, "hidden", { get: () => record.isHidden });
    if (!("Notification" in globalThis)) return;
    globalThis.Notification = class extends Notification {
      constructor(title: string, options?: NotificationOptions) {
        super(title, options);
        record.notices.push(title);
      }

      static override requestPermission() {
        record.asked++;
        return super.requestPermission();
      }
    };
  });
}

/** Pretends that the tab moves to the background or to the front. */
export async function hideTab(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate((isHidden) => {
    const { tabRecord } = globalThis as unknown as { readonly tabRecord: TabRecord };
    tabRecord.isHidden = isHidden;
    document.dispatchEvent(new Event("visibilitychange"));
  }, isHidden);
}

/** Returns the notifications so far, and how often the page requested permission to show them. */
export async function noticesOf(page: Page): Promise<Pick<TabRecord, "notices" | "asked">> {
  return await page.evaluate(() => {
    const { tabRecord } = globalThis as unknown as { readonly tabRecord: TabRecord };
    return { notices: tabRecord.notices, asked: tabRecord.asked };
  });
}
