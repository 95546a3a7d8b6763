/** Tests the npm package in Node: what programs report, and that they end as they would without it. */

import { createMonitor } from "../../../../lib/mod.ts";
import type { Task } from "../../../../lib/task/task.ts";
import { assertEquals, assertMatch } from "../../../support/assert.ts";
import { call } from "../../../support/calls.ts";
import { makeCertificate } from "../../../support/certificate.ts";
import { freePort } from "../../../support/free_port.ts";
import { JobFolder } from "../../../support/job_folder.ts";
import { installPackage, runtimes } from "../../../support/npm_package.ts";
import { type Process, spawn } from "../../../support/program.ts";
import { logOf, shown } from "../../../support/remote_task.ts";
import { startServer } from "../../../support/server.ts";
import { TcpProxy } from "../../../support/tcp_proxy.ts";

/** Creates a folder with a program; `work` in its source is a monitored function. */
async function folderWith(source: string): Promise<JobFolder> {
  const folder = new JobFolder();
  await installPackage(folder.path);
  folder.write("job.mjs", `import { currentTask, monitored } from "taskscope";\n${source}`);
  return folder;
}

function run(command: string, folder: JobFolder, env: Record<string, string> = {}): Process {
  return spawn(command, ["job.mjs"], { cwd: folder.path, env });
}

/**
 * A program that runs until its task is cancelled. Without a cancellation it runs for a minute, which exceeds
 * the deadline of the tests.
 */
const CANCELLED = `
const work = monitored(async (task) => {
  for (let n = 0; n < 6_000; n++) {
    task.signal.throwIfAborted();
    await task.update({ current: n });
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}, { id: "work" });
await work().catch((error) => console.log(error.name, error.message));
`;

for (const { name, command } of await runtimes()) {
  Deno.test(`${name}: everything that a function reports arrives before the program exits`, async () => {
    await using server = startServer({ key: "a-key-of-16-chars" });
    using folder = await folderWith(`
      import { AsyncLocalStorage } from "node:async_hooks";
      const storage = new AsyncLocalStorage();
      const work = monitored(async function work(task, lines) {
        const current = currentTask() === task;
        const part = task.child("part");
        for (let n = 0; n < lines; n++) {
          task.log("line " + n);
          await task.update({ current: n + 1, total: lines, unit: "lines" });
        }
        part.finish("part done");
        return { current, stored: storage.getStore() };
      }, { tags: ["node"] });
      const pages = monitored(async function* pages() { yield 1; yield 2; });
      const result = await storage.run("stored", () => work.with({ id: "work" })(500));
      for await (const page of pages()) console.log(page);
      console.log(JSON.stringify(result), work.name, work.length);
      // The program does not await this run.
      monitored(() => "late", { id: "late" }).start();
    `);
    const env = {
      TASKSCOPE_SERVER: server.url,
      TASKSCOPE_KEY: "a-key-of-16-chars",
      TASKSCOPE_CLIENT: "nodes",
    };
    await using job = run(command, folder, env);
    const { code, stdout, stderr } = await job.ended();
    const printed = '1\n2\n{"current":true,"stored":"stored"} work 1\n';
    assertEquals([code, stdout, stderr], [0, printed, ""]);
    const tasks = server.monitor.registry.tasks("nodes");
    assertEquals(tasks.map(({ name, state }) => `${name} ${state}`).sort(), [
      "pages FINISHED",
      "part FINISHED",
      "task FINISHED",
      "work FINISHED",
    ]);
    const work = server.monitor.registry.task("nodes", "work")!;
    assertEquals([work.progress, work.unit, work.tags, work.log_count], [100, "lines", ["node"], 500]);
    assertEquals(work.result, { current: true, stored: "stored" });
    assertEquals(server.monitor.registry.task("nodes", "late")?.result, "late");
    assertEquals(server.errors, []);
  });

  Deno.test(`${name}: a task is cancelled by the server, even if a proxy blocks WebSockets`, async () => {
    await using server = startServer();
    for (const blocksUpgrades of [false, true]) {
      await using proxy = new TcpProxy(server.port);
      proxy.blocksUpgrades = blocksUpgrades;
      using folder = await folderWith(CANCELLED);
      const client = blocksUpgrades ? "http" : "socket";
      await using job = run(command, folder, { TASKSCOPE_SERVER: proxy.url, TASKSCOPE_CLIENT: client });
      const key = { client, id: "work" };
      await shown(server.url, key, ({ current }) => (current ?? 0) > 5);
      assertEquals((await call("POST", `${server.url}/tasks/${client}/work/cancel`)).status, 202);
      const { code, stdout, stderr } = await job.ended();
      assertEquals([code, stdout, stderr], [0, "AbortError The task was cancelled\n", ""]);
      assertEquals((await shown(server.url, key, ({ active }) => !active)).state, "CANCELLED");
      assertEquals(proxy.upgrades > 0, true);
    }
  });

  Deno.test(`${name}: reports are sent over TLS, to a host name or an IP address`, async () => {
    using folder = await folderWith(`
      const work = monitored((task, host) => task.log("to " + host));
      await work.with({ id: process.argv[2] })(process.env.TASKSCOPE_SERVER);
    `);
    await makeCertificate(folder.path);
    const [cert, key] = ["cert", "key"].map((name) => Deno.readTextFileSync(`${folder.path}/${name}.pem`));
    await using monitor = createMonitor({ channel: `npm-tls-${name}` });
    const asked: string[] = [];
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} },
      (request) => {
        asked.push(new URL(request.url).pathname);
        return monitor.fetch(request);
      },
    );
    for (const host of ["127.0.0.1", "localhost"]) {
      const env = {
        TASKSCOPE_SERVER: `https://${host}:${server.addr.port}`,
        NODE_EXTRA_CA_CERTS: `${folder.path}/cert.pem`,
      };
      await using job = spawn(command, ["job.mjs", host], { cwd: folder.path, env });
      const { code, stderr } = await job.ended();
      assertEquals([code, stderr], [0, ""]);
      assertEquals(monitor.registry.task("default", host)?.state, "FINISHED");
    }
    assertEquals(asked, ["/ws/report", "/ws/report"]);
  });

  Deno.test(`${name}: an error of a call that no code awaits ends the program, unlike that of start()`, async () => {
    await using server = startServer();
    using folder = await folderWith(`
      const fail = (message) => async () => { throw new RangeError(message); };
      monitored(fail("started"), { id: "started" }).start();
      await monitored(() => {})();
      monitored(fail("called"), { id: "called" })();
    `);
    await using job = run(command, folder, { TASKSCOPE_SERVER: server.url });
    const { code, stdout, stderr } = await job.ended();
    assertEquals([code, stdout], [1, ""], stderr);
    assertMatch(stderr, /RangeError: called/);
    for (const id of ["started", "called"]) {
      assertEquals(server.monitor.registry.task("default", id)?.error?.message, id);
    }
  });

  Deno.test(`${name}: with a wrong key, a wrong address or no server, functions run as usual, with a warning`, async () => {
    await using server = startServer({ key: "a-key-of-16-chars" });
    using folder = await folderWith(`
      const double = monitored(async (task, n) => {
        for (let i = 0; i < 100; i++) await task.update({ progress: i });
        return 2 * n;
      });
      console.log(await Promise.all([double(1), double(2)]), await double(3));
      const failing = monitored(() => { throw new RangeError("own error"); }, { key: "another-key" });
      console.log(await failing().catch((error) => error.message));
    `);
    const nobody = `http://127.0.0.1:${freePort()}`;
    const table: readonly (readonly [env: Record<string, string>, ...warnings: RegExp[]])[] = [
      [
        { TASKSCOPE_SERVER: "ftp://nowhere" },
        /^Ignored TASKSCOPE_SERVER/,
        /^No server is known, so tasks run unmonitored; set TASKSCOPE_SERVER to the server's address$/,
      ],
      [{ TASKSCOPE_SERVER: nobody }, /^No server answers at http/],
      [
        { TASKSCOPE_SERVER: server.url, TASKSCOPE_KEY: "a-wrong-key" },
        /accepts no reports \(This key or token is not valid/,
      ],
      [
        { TASKSCOPE_SERVER: server.url, TASKSCOPE_KEY: "a-key-of-16-chars\n" },
        /^Ignored TASKSCOPE_KEY: wanted/,
        /accepts no reports \(This server requires a key/,
        /accepts no reports \(This key or token is not valid/,
      ],
    ];
    for (const [env, ...warnings] of table) {
      await using job = run(command, folder, env);
      const { code, stdout, stderr } = await job.ended();
      assertEquals([code, stdout.replaceAll(/\s+/g, " ")], [0, "[ 2, 4 ] 6 own error "], stderr);
      // Tasks with the key have a separate connection, which may cause the same warnings.
      const lines = [...new Set(stderr.trimEnd().split("\n"))];
      assertEquals(lines.length, warnings.length, stderr);
      for (const [index, warning] of warnings.entries()) {
        assertMatch(lines[index]!.replace("[taskscope] ", ""), warning);
      }
    }
    assertEquals(server.monitor.registry.tasks("default"), []);
  });

  Deno.test(`${name}: a program that names no server reports to the default address`, async () => {
    await using server = startServer();
    // The program connects to the test server instead of the default address, where another server may listen
    // on this machine.
    using folder = await folderWith(`
      import net from "node:net";
      const { connect } = net;
      net.connect = (options) => {
        console.log(options.host, options.port);
        return connect({ ...options, port: Number(process.env.PORT) });
      };
      await monitored(() => {}, { id: "work" })();
    `);
    await using job = run(command, folder, { PORT: `${server.port}` });
    assertEquals(await job.ended(), { code: 0, stdout: "127.0.0.1 8000\n", stderr: "" });
    assertEquals(server.monitor.registry.task("default", "work")?.state, "FINISHED");
  });

  Deno.test(`${name}: the reports of a task that never ends arrive, although nothing keeps the program alive`, async () => {
    await using server = startServer();
    for (const blocksUpgrades of [false, true]) {
      await using proxy = new TcpProxy(server.port);
      proxy.blocksUpgrades = blocksUpgrades;
      using folder = await folderWith(`
        process.on("beforeExit", (code) => console.log("before exit", code));
        process.exitCode = 7;
        monitored(async (task) => {
          task.log("last words");
          await task.update({ progress: 10 });
          await task.update({ progress: 30 });
          await new Promise(() => {});
        }, { id: "work" }).start();
      `);
      const client = blocksUpgrades ? "http" : "socket";
      await using job = run(command, folder, { TASKSCOPE_SERVER: proxy.url, TASKSCOPE_CLIENT: client });
      const { code, stdout, stderr } = await job.ended();
      assertEquals([code, stdout, stderr], [7, "before exit 7\n", ""]);
      const { state, progress, log_count } = server.monitor.registry.task(client, "work")!;
      assertEquals([state, progress, log_count], ["PROCESSING", 30, 1]);
    }
  });

  Deno.test(`${name}: a task that never ends does not keep the program alive`, async () => {
    await using server = startServer();
    for (const fate of ["passes", "blocks WebSockets", "refuses", "falls silent", "is silent"] as const) {
      await using proxy = new TcpProxy(server.port);
      proxy.blocksUpgrades = fate === "blocks WebSockets";
      if (fate === "refuses") proxy.refuse();
      if (fate === "is silent") proxy.blackhole();
      using folder = await folderWith(`
        import { existsSync } from "node:fs";
        monitored(async (task) => {
          for (let n = 0; !existsSync("enough"); n++) {
            await task.update({ current: n });
            await new Promise((resolve) => setTimeout(resolve, 10));
          }
          console.log("waits for ever");
          await new Promise(() => {});
        }, { id: "work" }).start();
      `);
      await using job = run(command, folder, {
        TASKSCOPE_SERVER: proxy.url,
        TASKSCOPE_CLIENT: fate.slice(0, 5),
      });
      const reports = fate === "passes" || fate === "blocks WebSockets" || fate === "falls silent";
      const key = { client: fate.slice(0, 5), id: "work" };
      if (reports) await shown(server.url, key, ({ current }: Task) => (current ?? 0) > 0);
      if (fate === "falls silent") proxy.blackhole();
      folder.write("enough", "");
      const { code, stdout } = await job.ended();
      assertEquals([code, stdout], [0, "waits for ever\n"], fate);
    }
  });
}

Deno.test("taskscope in Node: worker threads report independently", async () => {
  await using server = startServer();
  using folder = await folderWith(`
    import { isMainThread, Worker } from "node:worker_threads";
    const work = monitored(async (task) => {
      task.log("a line");
      return isMainThread;
    }, { id: isMainThread ? "main" : "worker" });
    console.log(await work());
    if (isMainThread) new Worker(new URL(import.meta.url));
  `);
  await using job = run("node", folder, { TASKSCOPE_SERVER: server.url });
  const { code, stdout, stderr } = await job.ended();
  assertEquals([code, stdout, stderr], [0, "true\nfalse\n", ""]);
  for (const id of ["main", "worker"]) {
    assertEquals(await logOf(server.url, { client: "default", id }), ["a line"]);
    assertEquals(server.monitor.registry.task("default", id)?.result, id === "main");
  }
});
