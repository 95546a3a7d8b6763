/**
 * Looks at a page with the eyes of axe, which knows the rules of WCAG.
 *
 * @module
 */

import axe from "axe-core";
import type { Page } from "playwright-core";

/** Rules of WCAG 2.2 AA, and what is good practice beside them. */
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/**
 * Looks for what keeps people from using a page as it is now.
 *
 * @param page the page
 * @returns one line for each thing; empty where there is nothing
 */
export async function axeFindings(page: Page): Promise<string[]> {
  // By way of the browser's own tools, as the page itself lets no foreign script in.
  await page.evaluate(axe.source);
  return await page.evaluate(async (tags) => {
    const { axe } = globalThis as unknown as { readonly axe: typeof import("axe-core") };
    const { violations } = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary ?? ""}`)
    );
  }, TAGS);
}
