/** Tests a hub whose store cannot read records. */

import { assertEquals } from "../../support/assert.ts";
import { HeldHub } from "../../support/held_hub.ts";

for (const isHeld of [false, true]) {
  Deno.test(`Hub continues after it could not read a full state (${isHeld ? "later" : "at once"})`, async () => {
    using it = new HeldHub();
    it.test.run("c", "2");
    await it.clock.passAsync(100);
    const watchers = [it.watcher("full"), it.watcher()];
    it.store.isBroken = true;
    if (isHeld) {
      it.store.hold();
      it.test.begin("c", "3");
    }
    it.test.progress("c", "1", 5);
    await it.clock.passAsync(100);
    await it.store.release();
    await it.clock.passAsync(100);
    assertEquals(
      watchers[1]!.last.tasks.find(({ id }) => id === "1")?.progress,
      5,
      "the record of this task was in memory",
    );
    it.store.isBroken = false;
    await it.clock.passAsync(5_000);
    assertEquals(watchers[0]!.last.all_tasks["1"]?.progress, 5, "the state is read again without a change");
    it.test.progress("c", "1", 6);
    await it.clock.passAsync(1_000);
    assertEquals(watchers[0]!.last.all_tasks["1"]?.progress, 6);
    assertEquals(watchers[1]!.last.tasks.map(({ progress }) => progress), [6]);
    it.store.hold();
    it.test.finish("c", "1");
    await it.store.release();
    await it.clock.passAsync(1_000);
    assertEquals(watchers[0]!.last.all_tasks["1"]?.state, "FINISHED");
    assertEquals(watchers[1]!.last.tasks.map(({ state }) => state), ["FINISHED"]);
  });
}
