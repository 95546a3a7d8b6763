/** Tests of the API reference: its layout on small and large screens, and its buttons. */

import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { startServer } from "../support/server.ts";

Deno.test("/docs shows its title first on a phone, and a collapsed table of contents", async () => {
  await using server = startServer();
  await withPage({ viewport: { width: 390, height: 844 } }, async ({ page }) => {
    await page.goto(`${server.url}/docs`);
    const title = await page.getByRole("heading", { name: "API reference" }).boundingBox();
    assert(title!.y < 200, `the title is ${title!.y} px from the top`);
    const contents = page.getByRole("navigation", { name: "Contents" });
    const link = contents.getByRole("link", { name: "Create a task" });
    assertEquals(await link.isVisible(), false);
    await contents.getByText("Contents").click();
    assertEquals(await link.isVisible(), true);
    assertEquals(
      await page.evaluate(() => document.documentElement.scrollWidth),
      390,
      "no sideways scrolling",
    );
  });
});

Deno.test("/docs shows its table of contents in a sidebar on a large screen", async () => {
  await using server = startServer();
  await withPage({ viewport: { width: 1280, height: 900 } }, async ({ page }) => {
    await page.goto(`${server.url}/docs`);
    const contents = page.getByRole("navigation", { name: "Contents" });
    assertEquals(await contents.getByText("Contents").isVisible(), false, "nothing to unfold");
    await contents.getByRole("link", { name: "Cancel a task" }).click();
    const heading = await page.getByRole("heading", { name: "Cancel a task" }).boundingBox();
    assert(heading!.y >= 0 && heading!.y < 900, `the heading is at ${heading!.y} px`);
  });
});

Deno.test("/docs: a button copies each block of code", async () => {
  await using server = startServer();
  await withPage({ permissions: ["clipboard-read", "clipboard-write"] }, async ({ page, complaints }) => {
    await page.goto(`${server.url}/docs`);
    const call = page.getByRole("article", { name: "Create a task" });
    await call.getByRole("button", { name: "Copy", exact: true }).click();
    await call.getByRole("button", { name: "Copied" }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assertEquals(copied, await call.locator("pre").first().textContent());
    assertStringIncludes(copied, server.url);
    assertEquals(await page.locator("pre").count(), await page.locator(".docs-copy").count());
    assertEquals(complaints, []);
  });
});
