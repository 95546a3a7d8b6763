import { listProcesses } from "../../../../lib/cli/run/processes.ts";
import { Stopper } from "../../../../lib/cli/run/stopper.ts";
import { assertEquals } from "../../../support/assert.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { type Process, spawn } from "../../../support/program.ts";
import { findTool } from "../../../support/tools.ts";

/**
 * A shell that waits for an inner shell, which runs for 30 s and may ignore SIGTERM. Both print their process
 * ids.
 */
const FAMILY = (trap: string) =>
  `sh -c '${trap} echo inner $$; for i in $(seq 300); do sleep 0.1; done' & echo outer $$; wait`;

/** Starts both shells, and waits until both run. */
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

test("Stopper.stop() sends SIGTERM once to a process and to its descendants", async () => {
  const { process } = await start("");
  await using _process = process;
  using stopper = new Stopper(process.pid, { graceMs: 60_000, isWrapper: false });
  assertEquals(stopper.hasSignalled, false);
  await Promise.all([stopper.stop(), stopper.stop()]);
  assertEquals(stopper.hasSignalled, true);
  // This resolves only once the inner shell has exited, too, because that has the same outputs.
  assertEquals((await process.ended()).code, 143);
});

test("Stopper.stop() kills processes that ignore SIGTERM, orphans included", async () => {
  const { process } = await start('trap "" TERM;');
  await using _process = process;
  using stopper = new Stopper(process.pid, { graceMs: 1, isWrapper: false });
  await stopper.stop();
  await stopper.overdue;
  assertEquals((await process.ended()).code, 143);
});

test("Stopper.stop() does not signal a wrapper", async () => {
  const { process } = await start("");
  await using _process = process;
  using stopper = new Stopper(process.pid, { graceMs: 10_000, isWrapper: true });
  await stopper.stop();
  // The outer shell exited normally after the inner shell was killed.
  assertEquals((await process.ended()).code, 0);
});

test("Stopper sends no SIGKILL after it is disposed of", async () => {
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
