/** Tests which requests wait at a node of a cluster, and for how long. */

import { type Following, TaskGate } from "../../../../lib/monitor/cluster/task_gate.ts";
import { Problem } from "../../../../lib/http/problem.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const UNREACHABLE: Following = { current: () => new Promise(() => {}), owner: () => null };

for (
  const [situation, following] of [
    ["no node owns the tasks", null],
    ["the database does not respond", UNREACHABLE],
  ] as const
) {
  Deno.test(`TaskGate.close() refuses waiting requests at once while ${situation}`, async () => {
    using clock = new FakeClock();
    const gate = new TaskGate({ node: "a", ownerWaitMs: 10_000 });
    gate.follow(following);
    const waiting = [true, false].map((isChange) => assertRejects(() => gate.route(isChange)!, Problem));
    // The requests begin to wait.
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    assertEquals(clock.pending, 2);
    gate.close();
    await Promise.all(waiting);
    assertEquals(clock.pending, 0, "nothing of them is left, although no time has passed");
    await assertRejects(() => gate.route(true)!, Problem);
  });
}
