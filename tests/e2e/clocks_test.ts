/**
 * Tests that times and durations are right although the clocks of reporters, pages and terminals are wrong.
 */

import { assert, assertEquals, assertLess } from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { createChange } from "../support/changes.ts";
import { JobFolder } from "../support/job_folder.ts";
import { untilLive } from "../support/live.ts";
import { EXECUTABLE, spawnProgram } from "../support/program.ts";
import { ReportSocket } from "../support/report_socket.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { testSource } from "../support/test_source.ts";
import { until } from "../support/until.ts";

const HOUR = 3_600;
const DAY = 24 * HOUR;
const SKEWS = [-HOUR, HOUR, -DAY, DAY];
/** How far a time may be from the truth, in seconds. */
const PRECISION = 1;

/** Returns the flag of Deno that shifts the clock of a program, by seconds. */
function shiftFlag(skew: number): string {
  return `--preload=${new URL(`../support/shifted_clock.ts?${skew}`, import.meta.url)}`;
}

/** A program that runs one task until a line is written to it, then prints how long the task took. */
function job(url: string): string {
  return `import { monitored } from "${url}/monitored.ts";

const run = monitored(async (task) => {
  task.log("started");
  await task.update({ progress: 10 });
  const start = performance.now();
  await Deno.stdin.read(new Uint8Array(1));
  return (performance.now() - start) / 1_000;
}, { name: "job" });
console.log("took", await run.with({ id: "job" })());
`;
}

const seconds = () => Date.now() / 1_000;

function assertNear(actual: number | null | undefined, expected: number, what: string): void {
  assert(typeof actual === "number", `${what} is ${actual}`);
  assertLess(Math.abs(actual - expected), PRECISION, `${what} is ${actual}, wanted ${expected}`);
}

/** Lets a job with a wrong clock run for a while, and checks every time that the server then knows. */
async function checkJob(server: TestServer, address: string, skew: number): Promise<void> {
  using folder = new JobFolder();
  folder.write("job.ts", job(address));
  const before = seconds();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-net",
      `--allow-import=${new URL(address).host}`,
      shiftFlag(skew),
      "job.ts",
    ],
    cwd: folder.path,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const { registry } = server.monitor;
  const known = () => registry.task("default", "job");
  await until(() => known()?.progress === 10);
  const started = seconds();
  const running = known()!;
  assert(running.started_at! > before && running.started_at! <= started, `started at ${running.started_at}`);
  assertNear(running.updated_at, started, "the time of the update");
  const { json } = await call("GET", `${server.url}/tasks/default/job/logs`);
  assertNear(json.lines[0]?.at, started, "the time of the log line");
  await until(() => seconds() - started > 1.5);
  const writer = child.stdin.getWriter();
  await writer.write(new Uint8Array([10]));
  await writer.close();
  const output = await child.output();
  const took = Number(new TextDecoder().decode(output.stdout).match(/took ([\d.]+)/)?.[1]);
  const ended = known()!;
  assertEquals(ended.state, "FINISHED");
  assertNear(ended.finished_at! - ended.started_at!, took, "the duration");
  assertNear(ended.finished_at, seconds(), "the end");
}

for (const skew of SKEWS) {
  testSource(
    `reports over a WebSocket from a clock that is off by ${skew / HOUR} h have true times`,
    async () => {
      await using server = startServer();
      await checkJob(server, server.url, skew);
    },
  );

  testSource(`reports over HTTP from a clock that is off by ${skew / HOUR} h have true times`, async () => {
    await using server = startServer();
    await using proxy = new TcpProxy(server.port);
    proxy.blocksUpgrades = true;
    await checkJob(server, proxy.url, skew);
    const { text } = await call("GET", `${server.url}/metrics`);
    assert(!/taskscope_reports_received_total\{transport="socket"\} [1-9]/.test(text));
  });

  testSource(
    `reports of version 0.1.0 from a clock that is off by ${skew / HOUR} h have true times`,
    async () => {
      await using server = startServer();
      await using socket = new ReportSocket(server.url);
      await socket.opened();
      const start = seconds();
      const report = (at: number, seq: number, change: unknown) => {
        return { client: "c", id: "old", at: at + skew, seq, change };
      };
      socket.report(report(start, 1, createChange()), report(start, 2, { type: "start" }));
      await until(() => seconds() - start > 1.2);
      const end = seconds();
      await socket.taken(socket.report(report(end, 3, { type: "finish", result: null })));
      const task = server.monitor.registry.task("c", "old")!;
      assertNear(task.started_at, start, "the start");
      assertNear(task.finished_at! - task.started_at!, end - start, "the duration");
    },
  );
}

testSource("reports with absurd times do no harm", async () => {
  await using server = startServer();
  await using socket = new ReportSocket(server.url);
  await socket.opened();
  const year2100 = 4_102_444_800;
  const times = [year2100, -5, 0, 1e300, -1e300, Number.MAX_VALUE, null, "now"];
  for (const [index, at] of times.entries()) {
    for (const [other, sent_at] of [seconds(), ...times].entries()) {
      const id = `${index}-${other}`;
      const report = (seq: number, change: unknown) => ({ client: "c", id, at, seq, change });
      const changes = [createChange(), { type: "start" }, {
        type: "log",
        first: 0,
        lines: [{ at, text: "x" }],
      }];
      const reports = changes.map((change, seq) => report(seq + 1, change));
      socket.send(JSON.stringify({ batch: 100 + 20 * index + other, sent_at, reports }));
    }
  }
  const sane = { client: "c", id: "sane", at: seconds(), seq: 1, change: createChange() };
  socket.send(JSON.stringify({ batch: 1_000, sent_at: seconds(), reports: [sane] }));
  await socket.taken(1_000);
  const tasks = server.monitor.registry.tasks("c");
  assert(tasks.length > 6 * times.length);
  for (const { id, created_at, started_at, updated_at } of tasks) {
    for (const at of [created_at, started_at ?? created_at, updated_at]) {
      assert(at <= seconds() && at > seconds() - 367 * DAY, `a time of ${id} is ${at}`);
    }
  }
  assertNear(server.monitor.registry.task("c", "sane")?.created_at, seconds(), "the time of a sane report");
  assertEquals(server.errors, []);
});

Deno.test({
  name: "ls shows the true duration on a machine whose clock is wrong",
  // A compiled executable has no `--preload`, so its clock can't be shifted.
  ignore: EXECUTABLE !== undefined,
  async fn() {
    await using server = startServer();
    const held = Promise.withResolvers<void>();
    const { done } = server.monitor.monitored(() => held.promise, { name: "held" }).start();
    const start = server.monitor.registry.tasks("default")[0]!.started_at!;
    await until(() => seconds() - start > 1);
    for (const skew of SKEWS) {
      const before = seconds();
      await using process = await spawnProgram(["ls", "--server", server.url], {
        runFlags: [shiftFlag(skew)],
      });
      const { stdout } = await process.ended();
      const shown = Number.parseFloat(stdout.match(/ ([\d.]+)s/)?.[1] ?? "none");
      const after = seconds();
      // The fraction of the second is cut off; the offset is true to half the time of the request, and two roundings.
      const [least, most] = [before - start - 1.01, after - start + (after - before) / 2 + 0.01];
      assert(shown >= least && shown <= most, `wanted ${least} to ${most}, shown: ${stdout}`);
    }
    held.resolve();
    await done;
  },
});

for (const skew of SKEWS) {
  testSource(
    `a page shows true durations although the browser's clock is off by ${skew / HOUR} h`,
    async () => {
      await using server = startServer();
      const held = Promise.withResolvers<void>();
      const { done } = server.monitor.monitored(() => held.promise, { name: "held", id: "held" }).start();
      const start = server.monitor.registry.task("default", "held")!.started_at!;
      await withPage({}, async ({ page, complaints }) => {
        await page.addInitScript((shiftMs) => {
          const now = Date.now;
          Date.now = () => now() + shiftMs;
        }, skew * 1_000);
        await page.goto(`${server.url}/t/default/held`);
        await untilLive(page);
        for (const passed of [2, 4]) {
          await until(() => seconds() - start > passed);
          const before = seconds();
          const text = await page.locator("dt:has-text('Elapsed') + dd").innerText();
          const shown = Number.parseFloat(text);
          // The page shows whole seconds, updates them every second, and sees the start and the time in whole frames.
          const [least, most] = [Math.floor(before - start - 2 * PRECISION), seconds() - start + PRECISION];
          assert(shown >= least && shown <= most, `shown is "${text}", wanted ${least} to ${most}`);
        }
        assertEquals(complaints, []);
      });
      held.resolve();
      await done;
    },
  );
}
