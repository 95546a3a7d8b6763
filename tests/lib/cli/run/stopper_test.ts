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

/** Starts an outer and an inner shell with a mark in their environment, and waits until both run. */
async function start(
  trap: string,
  script: (trap: string) => string = FAMILY,
): Promise<{ readonly process: Process; readonly inner: number; readonly mark: string }> {
  const mark = crypto.randomUUID();
  const process = spawn("sh", ["-c", script(trap)], { env: { MARK: mark } });
  await process.output(/outer \d+/);
  const [, inner] = await process.output(/inner (\d+)/);
  return { process, inner: Number(inner), mark };
}

/**
 * A shell that starts a daemon: an inner shell in its own session, whose parent exits at once, and which
 * closes its outputs.
 */
const DAEMON = (trap: string) =>
  `(setsid sh -c '${trap} echo inner $$; exec >/dev/null 2>&1; for i in $(seq 300); do sleep 0.1; done' &) ; echo outer $$; exec sleep 30`;

async function isAlive(pid: number): Promise<boolean> {
  return (await listProcesses()).some((process) => process.pid === pid);
}

function test(name: string, run: () => Promise<void>): void {
  Deno.test(name, async () => {
    if (await findTool(["ps"], "A test of Stopper") !== undefined) await run();
  });
}

test("Stopper.stop() sends SIGTERM once to a process and to its descendants", async () => {
  const { process, mark } = await start("");
  await using _process = process;
  using stopper = new Stopper(process.pid, { graceMs: 60_000, isWrapper: false, mark });
  assertEquals(stopper.hasSignalled, false);
  await Promise.all([stopper.stop(), stopper.stop()]);
  assertEquals(stopper.hasSignalled, true);
  // `ended()` resolves only after the inner shell has exited, too, because both shells share their outputs.
  assertEquals((await process.ended()).code, 143);
});

test("Stopper.stop() kills processes that ignore SIGTERM, orphans included", async () => {
  const { process, mark } = await start('trap "" TERM;');
  await using _process = process;
  using stopper = new Stopper(process.pid, { graceMs: 1, isWrapper: false, mark });
  await stopper.stop();
  assertEquals((await process.ended()).code, 143);
  stopper.rootEnded();
  await stopper.finished();
});

test("Stopper.stop() does not signal a wrapper", async () => {
  const { process, mark } = await start("");
  await using _process = process;
  using stopper = new Stopper(process.pid, { graceMs: 10_000, isWrapper: true, mark });
  await stopper.stop();
  // The outer shell exited normally after the inner shell was killed.
  assertEquals((await process.ended()).code, 0);
});

test("Stopper.stop() kills what a wrapper runs, but not the wrapper, which then exits by itself", async () => {
  // Like script(1), the outer shell still has something to do after the inner shell has ended.
  const slowly = (trap: string) => `${FAMILY(trap)}; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done`;
  const { process, mark } = await start('trap "" TERM;', slowly);
  await using _process = process;
  using stopper = new Stopper(process.pid, { graceMs: 1, isWrapper: true, mark });
  await stopper.stop();
  assertEquals((await process.ended()).code, 0);
  stopper.rootEnded();
  await stopper.finished();
});

test("Stopper.stop() kills a wrapper that does not exit by itself", async () => {
  const { process, inner, mark } = await start('trap "" TERM;', DAEMON);
  await using _process = process;
  using stopper = new Stopper(process.pid, { graceMs: 1, isWrapper: true, mark });
  await stopper.stop();
  assertEquals((await process.ended()).code, 137);
  stopper.rootEnded();
  await stopper.finished();
  assertEquals(await isAlive(inner), false);
});

test("Stopper.stop() ends processes whose parents have exited, and that have left the session and the output", async () => {
  for (const trap of ["", 'trap "" TERM;']) {
    const { process, inner, mark } = await start(trap, DAEMON);
    await using _process = process;
    using stopper = new Stopper(process.pid, { graceMs: 500, isWrapper: false, mark });
    await stopper.stop();
    assertEquals((await process.ended()).code, 143);
    stopper.rootEnded();
    await stopper.finished();
    while (await isAlive(inner));
  }
});

test("Stopper sends no SIGKILL after it is disposed of", async () => {
  const { process, inner, mark } = await start('trap "" TERM;');
  await using _process = process;
  using clock = new FakeClock();
  const stopper = new Stopper(process.pid, { graceMs: 10_000, isWrapper: false, mark });
  await stopper.stop();
  stopper[Symbol.dispose]();
  assertEquals(clock.pending, 0);
  assertEquals(await isAlive(inner), true);
  Deno.kill(inner, "SIGKILL");
});
