/**
 * Checks a page's accessibility with axe.
 *
 * @module
 */

import axe from "axe-core";
import type { Page } from "playwright-core";

/** The axe tags to check: WCAG 2.2 AA with the versions before it, and best practices beyond them. */
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/**
 * Finds the accessibility violations of a page as it is now.
 *
 * @param page the page to check, in its current state
 * @returns one line per violation
 */
export async function axeFindings(page: Page): Promise<string[]> {
  // Injected through DevTools, because the page's content security policy blocks foreign scripts.
  await page.evaluate(axe.source);
  return await page.evaluate(async (tags) => {
    const { axe } = globalThis as unknown as { readonly axe: typeof import("axe-core") };
    const { violations } = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary ?? ""}`)
    );
  }, TAGS);
}
