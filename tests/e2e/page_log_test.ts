/** Tests of the log of the task page in a real browser. */

import { assertEquals } from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { startServer } from "../support/server.ts";

Deno.test("task page: a change of the log's look or width keeps its first visible line in place", async () => {
  await using server = startServer({ limits: { logLinesPerTask: 5_000 } });
  await server.monitor.monitored((task) => {
    for (let n = 0; n < 5_000; n++) task.log(`line ${n} is fine`);
  }, { client: "one", id: "kept", name: "kept" })();
  await withPage({ viewport: { width: 390, height: 844 } }, async ({ page, complaints }) => {
    await page.goto(`${server.url}/t/one/kept#L3001`);
    await page.getByText("line 3000 is fine").waitFor();
    const log = page.locator("ol.log");
    const first = () =>
      log.evaluate((list) => {
        const lines = [...list.querySelectorAll<HTMLElement>(".log-line")];
        const line = lines.find((each) => each.offsetTop + each.offsetHeight > list.scrollTop + 1);
        return Number(line?.id.slice("log-".length));
      });
    const height = () => log.evaluate((list) => list.scrollHeight);
    const before = await first();
    const steps: readonly (() => Promise<unknown>)[] = [
      () => page.getByLabel("Wrap").uncheck(),
      () => page.getByLabel("Wrap").check(),
      () => page.setViewportSize({ width: 1280, height: 844 }),
      () => page.setViewportSize({ width: 390, height: 844 }),
    ];
    for (const step of steps) {
      const old = await height();
      await step();
      await page.waitForFunction(
        (old) => Math.abs(document.querySelector("ol.log")!.scrollHeight / old - 1) > 0.2,
        old,
      );
      assertEquals(await first(), before);
    }
    assertEquals(complaints, []);
  });
});
