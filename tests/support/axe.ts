/**
 * Checks a page's accessibility with axe.
 *
 * @module
 */

import axe from "axe-core";
import type { Page } from "playwright-core";

/** The axe tags to check: WCAG 2.2 AA with the versions before it, and best practices beyond them. */
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** The rules that depend on colours; all others find the same in a light and a dark page. */
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];

/** The rules to check. */
type Rules = import("axe-core").RunOnly;

/**
 * Finds the accessibility violations of a page as it is now.
 *
 * @param page the page to check, in its current state
 * @returns one line per violation
 */
export async function axeFindings(page: Page): Promise<string[]> {
  // Injected through DevTools, because the page's content security policy blocks foreign scripts.
  await page.evaluate(axe.source);
  return await findingsOf(page, { type: "tag", values: TAGS });
}

/**
 * Finds the accessibility violations of a page as it is now, in light and in dark colours.
 *
 * @param page the page to check, which is in light colours afterwards, without transitions
 * @returns one line per violation
 */
export async function axeFindingsInLightAndDark(page: Page): Promise<string[]> {
  // During a transition between the colours, the contrast would be that of intermediate colours.
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  const found = await axeFindings(page);
  await page.emulateMedia({ colorScheme: "dark" });
  const inDark = await findingsOf(page, { type: "rule", values: COLOUR_RULES });
  await page.emulateMedia({ colorScheme: "light" });
  return [...found, ...inDark.map((finding) => `in dark, ${finding}`)];
}

async function findingsOf(page: Page, runOnly: Rules): Promise<string[]> {
  return await page.evaluate(async (runOnly) => {
    const { axe } = globalThis as unknown as { readonly axe: typeof import("axe-core") };
    const { violations } = await axe.run(document, { runOnly, resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary ?? ""}`)
    );
  }, runOnly);
}
