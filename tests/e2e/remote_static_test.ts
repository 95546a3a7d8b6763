/** Tests of programs that import the module, built or as source, from a host that is no Taskscope server. */

import { assert, assertEquals } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { JobFolder } from "../support/job_folder.ts";
import { type Ended, startProgram } from "../support/program.ts";
import { logOf } from "../support/remote_task.ts";
import { readSources } from "../support/sources.ts";
import { StaticHost } from "../support/static_host.ts";

const LIB = new URL("../../lib/", import.meta.url);

/** Returns the source of a program that calls a function for longer than the delay before a reconnect. */
function calling(module: string): string {
  return `import { monitored } from "${module}";
const double = monitored(async (task, n: number) => {
  task.log("doubling " + n);
  await task.update({ progress: 50 });
  return n * 2;
}, { name: "double" });
let sum = 0;
for (let n = 0; n < 8; n++) {
  sum += await double(n);
  await new Promise((resolve) => setTimeout(resolve, 200));
}
console.log(sum);
`;
}

/** Returns the stderr of a program, without the download messages of Deno. */
function saidBy({ stderr }: Ended): string {
  return stderr.replace(/^(Download|Initialize) .*\n/gm, "");
}

Deno.test("the built module from any host: functions run, one warning is printed, and the host gets no further request", async () => {
  const body = await Deno.readTextFile(new URL("dist/monitored.js", LIB));
  // 501 is the response of Python's http.server; others respond with 405 or 404.
  for (
    const [wrongMethod, name] of [[405, "monitored.js"], [501, "v1.2.3/monitored.ts"], [
      404,
      "monitored.js",
    ]] as const
  ) {
    await using host = new StaticHost();
    host.wrongMethod = wrongMethod;
    host.files.set(`/lib/${name}`, { body, type: "text/javascript" });
    using folder = new JobFolder();
    folder.write("job.ts", calling(`${host.origin}/lib/${name}`));
    const { host: imported } = new URL(host.origin);
    await using job = folder.deno([
      "run",
      "--no-prompt",
      "--allow-net",
      `--allow-import=${imported}`,
      "job.ts",
    ]);
    const ended = await job.ended();
    assertEquals([ended.code, ended.stdout], [0, "56\n"]);
    assertEquals(
      saidBy(ended),
      `[taskscope] ${host.origin}/lib accepts no reports (it responded with status ${wrongMethod}), so tasks run unmonitored\n`,
    );
    assertEquals(host.asked, [`GET /lib/${name}`, "GET /lib/ws/report", "POST /lib/report"]);
  }
});

Deno.test("the built module from any host reports to TASKSCOPE_SERVER", async () => {
  await using host = new StaticHost();
  await using program = await startProgram(["--no-demo"]);
  const body = await Deno.readTextFile(new URL("dist/monitored.js", LIB));
  host.files.set("/monitored.js", { body, type: "text/javascript" });
  using folder = new JobFolder();
  folder.write("job.ts", calling(`${host.origin}/monitored.js`));
  const flags = ["--no-prompt", "--allow-net", "--allow-env", `--allow-import=${new URL(host.origin).host}`];
  await using job = folder.deno(["run", ...flags, "job.ts"], { env: { TASKSCOPE_SERVER: program.url } });
  const ended = await job.ended();
  assertEquals([ended.code, ended.stdout, saidBy(ended)], [0, "56\n", ""]);
  assertEquals(host.asked, ["GET /monitored.js"]);
  const { json } = await call("GET", `${program.url}/tasks/default`);
  assertEquals(Object.keys(json.all_tasks).length, 8);
});

Deno.test("the source of the module by its raw URL: type-checks, runs, and reports to TASKSCOPE_SERVER", async () => {
  await using host = new StaticHost();
  for (const path of ["lib/ulid.d.ts", ...(await readSources(["lib"])).keys()]) {
    const body = await Deno.readTextFile(new URL(path.replace("lib/", ""), LIB));
    host.files.set(`/${path}`, { body, type: "application/typescript" });
  }
  await using program = await startProgram(["--no-demo"]);
  using folder = new JobFolder();
  await folder.sharePackages();
  folder.write("job.ts", calling(`${host.origin}/lib/monitored.ts`));
  const flags = ["--no-prompt", "--allow-net", "--allow-env", `--allow-import=${new URL(host.origin).host}`];
  await using job = folder.deno(["run", "--check", ...flags, "job.ts"], {
    env: { TASKSCOPE_SERVER: program.url },
  });
  const ended = await job.ended();
  assertEquals([ended.code, ended.stdout], [0, "56\n"], ended.stderr);
  const { json } = await call("GET", `${program.url}/tasks/default`);
  const tasks = Object.values(json.all_tasks) as Record<string, unknown>[];
  assertEquals(tasks.map(({ name, state }) => `${name} ${state}`), Array(8).fill("double FINISHED"));
  const log = await logOf(program.url, { client: "default", id: String(tasks[0]?.id) });
  assert(/^doubling \d$/.test(log.join()), log.join());
  assert(host.asked.every((line) => line.startsWith("GET /lib/") && line.endsWith(".ts")), host.asked.join());

  // Without a server, the program prints a warning.
  await using alone = folder.deno(["run", ...flags, "job.ts"]);
  const other = await alone.ended();
  assertEquals([other.code, other.stdout], [0, "56\n"]);
  assertEquals(
    saidBy(other),
    '[taskscope] No monitor answered on channel "taskscope", so tasks run unmonitored\n',
  );
});
