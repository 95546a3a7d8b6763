import { UnrefInterval } from "../../lib/unref_interval.ts";
import { assertEquals } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { spawn } from "../support/program.ts";

Deno.test("UnrefInterval calls its function at intervals after start(), and not before", () => {
  using clock = new FakeClock();
  let count = 0;
  const interval = new UnrefInterval(() => count++, 1_000);
  clock.pass(5_000);
  assertEquals([count, clock.pending], [0, 0]);
  interval.start();
  clock.pass(999);
  assertEquals(count, 0);
  clock.pass(2_001);
  assertEquals(count, 3);
  interval.stop();
  clock.pass(5_000);
  assertEquals([count, clock.pending], [3, 0]);
});

Deno.test("UnrefInterval.start() and stop() are idempotent", () => {
  using clock = new FakeClock();
  let count = 0;
  const interval = new UnrefInterval(() => count++, 1_000);
  interval.start();
  clock.pass(500);
  interval.start();
  assertEquals(clock.pending, 1);
  clock.pass(500);
  assertEquals(count, 1, "only the first start() has an effect");
  interval.stop();
  interval.stop();
  assertEquals(clock.pending, 0);
  interval.start();
  clock.pass(1_000);
  assertEquals(count, 2);
  interval.stop();
});

Deno.test("UnrefInterval can be stopped by its own function", () => {
  using clock = new FakeClock();
  let count = 0;
  const interval = new UnrefInterval(() => {
    if (++count === 2) interval.stop();
  }, 1_000);
  interval.start();
  clock.pass(10_000);
  assertEquals([count, clock.pending], [2, 0]);
});

Deno.test("UnrefInterval does not keep a process alive", async () => {
  const module = new URL("../../lib/unref_interval.ts", import.meta.url).href;
  const code = `import { UnrefInterval } from ${JSON.stringify(module)};
    new UnrefInterval(() => {}, 1_000_000).start();
    console.log("started");`;
  await using program = spawn(Deno.execPath(), ["eval", "--no-config", code]);
  assertEquals(await program.ended(), { code: 0, stdout: "started\n", stderr: "" });
});
