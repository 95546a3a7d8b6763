import { listProcesses } from "../../../../lib/cli/run/processes.ts";
import { Stopper } from "../../../../lib/cli/run/stopper.ts";
import { assertEquals } from "../../../support/assert.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { type Process, spawn } from "../../../support/program.ts";
import { findTool } from "../../../support/tools.ts";

/** A shell that waits for another one, for 30 s, which is deaf or not; both say their numbers. */
const FAMILY = (trap: string) =>
  `sh -c '${trap} echo inner $$; for i in $(seq 300); do sleep 0.1; done' & echo outer $$; wait`;

/** Starts a family, and waits until both are there. */
async function start(trap: string): Promise<{ readonly process: Process; readonly inner: number }> {
  const process = spawn("sh", ["-c", FAMILY(trap)]);
  await process.output(/outer \d+/);
  const [, inner] = await process.output(/inner (\d+)/);
  return { process, inner: Number(inner) };
}

async function isAlive(pid: number): Promise<boolean> {
  return (await listProcesses()).some((process) => process.pid === pid);
}

function test(name: string, run: () => Promise<void>): void {
  Deno.test(name, async () => {
    if (await findTool(["ps"], "A test of Stopper") !== undefined) await run();
  });
}

test("Stopper.stop() asks a command and what it has started, once", async () => {
  const { process } = await start("");
  await using _process = process;
  using stopper = new Stopper(process.pid, { graceMs: 60_000, isWrapper: false });
  assertEquals(stopper.hasAsked, false);
  await Promise.all([stopper.stop(), stopper.stop()]);
  assertEquals(stopper.hasAsked, true);
  // That is known once its outputs are at their ends, which the inner one holds, too.
  assertEquals((await process.ended()).code, 143);
});

test("Stopper.stop() kills what does not listen when its time is over, parents or not", async () => {
  const { process } = await start('trap "" TERM;');
  await using _process = process;
  using stopper = new Stopper(process.pid, { graceMs: 1, isWrapper: false });
  await stopper.stop();
  await stopper.overdue;
  assertEquals((await process.ended()).code, 143);
});

test("Stopper.stop() leaves a wrapper alone that ends with what it wraps", async () => {
  const { process } = await start("");
  await using _process = process;
  using stopper = new Stopper(process.pid, { graceMs: 10_000, isWrapper: true });
  await stopper.stop();
  // The shell waited for the inner one, and ended by itself.
  assertEquals((await process.ended()).code, 0);
});

test("Stopper does nothing any more once it is disposed of", async () => {
  const { process, inner } = await start('trap "" TERM;');
  await using _process = process;
  using clock = new FakeClock();
  const stopper = new Stopper(process.pid, { graceMs: 10_000, isWrapper: false });
  await stopper.stop();
  stopper[Symbol.dispose]();
  assertEquals(clock.pending, 0);
  assertEquals(await isAlive(inner), true);
  Deno.kill(inner, "SIGKILL");
});
