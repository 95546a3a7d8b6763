/** Tests that a page that stays open keeps nothing of the tasks that are gone. */

import type { Page } from "playwright-core";
import { assertEquals, assertLess } from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { startTaskServer } from "../support/task_server.ts";

/** The number of tasks on the page, so many that only the visible ones are rendered. */
const KEPT = 180;
const AT_ONCE = 10;
/** The number of tasks that pass before the measurement. */
const EARLIER = 100;
const PASSING = 200;
/** The number of nodes of a row is about 30. */
const MAX_NODES_EACH = 5;

/** Counts the nodes of a page's document, and those that its script keeps although they were removed. */
async function countNodes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { nodes } = await session.send("Memory.getDOMCounters");
  await session.detach();
  return nodes;
}

Deno.test("list: keeps no rows of tasks that are gone, however many pass while it is open", async () => {
  await using server = startTaskServer({ limits: { endedTasksPerClient: KEPT } });
  const quick = server.monitor.monitored((_task, n: number) => n, { name: "quick", client: "passing" });
  let begun = 0;
  const run = async (count: number) => {
    const ids = Array.from({ length: count }, () => `q${begun++}`);
    await Promise.all(ids.map((id) => quick.with({ id, client: "passing" })(0)));
    return ids;
  };
  await run(KEPT);
  await withPage({}, async ({ page, complaints }) => {
    const pass = async (count: number) => {
      for (let passed = 0; passed < count; passed += AT_ONCE) {
        const [first] = await run(AT_ONCE);
        await page.locator(`li[data-task-id="${first}"]`).waitFor();
      }
      return await countNodes(page);
    };
    await page.goto(`${server.url}/t/passing`);
    await page.getByTestId("connection").getByText("Live", { exact: true }).waitFor();
    const before = await pass(EARLIER);
    assertLess(await pass(PASSING) - before, PASSING * MAX_NODES_EACH);
    assertEquals(complaints, []);
  });
  assertEquals(server.errors, []);
});
