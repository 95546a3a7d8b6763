/**
 * Tests that an open page stays live by itself while the nodes behind a load balancer fail and are replaced.
 */

import { assertEquals } from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { ClusterHome } from "../support/nodes/cluster_home.ts";
import { hasPostgres } from "../support/postgres_cluster.ts";

/** The browser's own console messages when a connection ends, or while no node owns the tasks. */
const NETWORK_ERROR = /net::ERR_|WebSocket connection to .* failed|status of 50[23]/;

Deno.test({
  name:
    "page on a cluster: stays live while the owner of its tasks is killed, and the nodes are replaced one by one",
  ignore: !hasPostgres,
  fn: async () => {
    await withPage({}, async ({ page, complaints }) => {
      await using home = await ClusterHome.start({ isProxied: false, checksHealth: true });
      home.client = "c";
      const tasks = `${home.balancer.url}/tasks/c`;
      await call("POST", tasks, { body: { id: "work", name: "work" } });
      await page.goto(`${home.balancer.url}/t/c`);
      let navigations = 0;
      page.on("framenavigated", () => navigations++);
      let step = 0;
      /** Reports until a report is accepted, and waits until the page shows it. */
      const goesOn = async () => {
        const status = `step ${++step}`;
        const report = () => call("PATCH", `${tasks}/work`, { body: { status } });
        while ((await report()).status !== 200);
        await page.getByText(status, { exact: true }).waitFor();
        await page.getByText("Live", { exact: true }).waitFor();
      };
      await goesOn();
      const owner = await home.owner();
      await owner.kill();
      await goesOn();
      await owner.start();
      for (const member of home.members) {
        await home.shared();
        await member.stop();
        await goesOn();
        await member.start();
        await goesOn();
      }
      assertEquals(navigations, 0);
      assertEquals(complaints.filter((text) => !NETWORK_ERROR.test(text)), []);
    });
  },
});
