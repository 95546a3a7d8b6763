/** Tests of a program without any configuration that imports the module from a server by URL. */

import type { Page } from "playwright-core";
import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { JobFolder, type JobOptions } from "../support/job_folder.ts";
import { type Program, startProgram } from "../support/program.ts";
import { logOf, shown } from "../support/remote_task.ts";
import { eventually } from "../support/until.ts";

/** The oldest supported version of Deno. */
const OLDEST = "2.6.8";

/** Returns the source of a program that counts until it is cancelled, then prints its progress. */
function counting(url: string): string {
  return `import { monitored } from "${url}/monitored.ts";

const count = monitored(async (task, total: number) => {
  for (let n = 1; n <= total; n++) {
    task.signal.throwIfAborted();
    task.log("step " + n);
    await task.update({ current: n, total, status: "Counting" });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { total };
}, { name: "count" });

try {
  console.log("counted", (await count(Number(Deno.args[0]))).total);
} catch (error) {
  console.log("stopped:", error instanceof Error ? error.message : error);
  Deno.exitCode = 3;
}
`;
}

/** Returns the flags for the minimal permissions that the module needs. */
function flagsFor(url: string): string[] {
  return ["--no-prompt", "--allow-net", `--allow-import=${new URL(url).host}`];
}

/** Runs the counting program, and returns its exit status and output. */
async function count(folder: JobFolder, program: Program, total: number, options: JobOptions = {}) {
  folder.write("job.ts", counting(program.url));
  await using job = folder.deno(["run", ...flagsFor(program.url), "job.ts", `${total}`], options);
  return await job.ended();
}

/** Locates the rows of active or ended tasks on the page. */
function rows(page: Page, part: "active" | "ended") {
  return page.getByTestId(part).locator("li[data-task-id]");
}

Deno.test("monitored() by URL: a task is shown live on the page, and can be cancelled there", async () => {
  await using program = await startProgram(["--no-demo"]);
  using folder = new JobFolder();
  await withPage({}, async ({ page, complaints }) => {
    await page.goto(`${program.url}/t/default`);
    folder.write("job.ts", counting(program.url));
    await using job = folder.deno(["run", ...flagsFor(program.url), "job.ts", "100000"]);
    const row = rows(page, "active");
    await row.waitFor();
    assertStringIncludes(await row.innerText(), "count");
    await row.getByText("Counting").waitFor();
    await row.getByRole("button", { name: /Cancel/ }).click();
    const ended = rows(page, "ended");
    await ended.waitFor();
    assertEquals(await ended.getAttribute("data-state"), "CANCELLED");
    const { code, stdout, stderr } = await job.ended();
    assertEquals([code, stdout], [3, "stopped: The task was cancelled\n"]);
    assertEquals(stderr.replace(/^Download .*\n/gm, ""), "");
    assertEquals(complaints, []);
  });
  assertEquals(program.process.stderr, "");
});

Deno.test("monitored() by URL: every report arrives before the program exits", async () => {
  await using program = await startProgram(["--no-demo"]);
  using folder = new JobFolder();
  const { code, stdout } = await count(folder, program, 30);
  assertEquals([code, stdout], [0, "counted 30\n"]);
  const { json } = await call("GET", `${program.url}/tasks/default`);
  const [task] = Object.values(json.all_tasks) as Record<string, unknown>[];
  assertEquals([task?.name, task?.state, task?.result, task?.progress], [
    "count",
    "FINISHED",
    { total: 30 },
    100,
  ]);
  assertEquals(
    await logOf(program.url, { client: "default", id: String(task?.id) }),
    Array.from({ length: 30 }, (_, n) => `step ${n + 1}`),
  );
});

Deno.test("monitored() by URL: TASKSCOPE_CLIENT sets the client, if the program is permitted to read the variable", async () => {
  await using program = await startProgram(["--no-demo"]);
  using folder = new JobFolder();
  folder.write("job.ts", counting(program.url));
  for (const flags of [[], ["--allow-env=TASKSCOPE_CLIENT,TASKSCOPE_SERVER"]]) {
    await using job = folder.deno(["run", ...flagsFor(program.url), ...flags, "job.ts", "1"], {
      env: { TASKSCOPE_CLIENT: "ci" },
    });
    assertEquals((await job.ended()).code, 0);
  }
  for (const client of ["default", "ci"]) {
    const { json } = await call("GET", `${program.url}/tasks/${client}`);
    assertEquals(Object.keys(json.all_tasks).length, 1, client);
  }
});

Deno.test("monitored() by URL: type errors are found, also with a version in the URL", async () => {
  await using program = await startProgram(["--no-demo"]);
  using folder = new JobFolder();
  const { version } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  const imported = `--allow-import=${new URL(program.url).host}`;
  const check = async (text: string) => {
    folder.write("checked.ts", text);
    await using process = folder.deno(["check", imported, "checked.ts"]);
    const { code, stderr } = await process.ended();
    return { code, stderr };
  };
  const names = ["monitored.ts", "monitored.js", `v${version}/monitored.ts`, `v${version}/monitored.js`];
  const uses = names.map((name, index) => `
import { monitored as monitored${index}, type MonitoredTask as Task${index} } from "${program.url}/${name}";
const fn${index} = monitored${index}((task: Task${index}, n: number) => { task.log("a"); return n * 2; });
export const doubled${index}: number = await fn${index}.with({ client: "ci" })(2);
// @ts-expect-error wanted a number
await fn${index}("2");
// @ts-expect-error not to be changed
fn${index}.start(1).id = 5;
`);
  const right = await check(uses.join(""));
  assertEquals(right.code, 0, right.stderr);
  const wrong = await check(uses[0]!.replaceAll(/^\/\/.*$/gm, ""));
  assertEquals(wrong.code, 1);
  assertMatch(wrong.stderr, /Argument of type 'string' is not assignable to parameter of type 'number'/);
  assertMatch(wrong.stderr, /'id' because it is a read-only property/);
  folder.write("job.ts", counting(program.url));
  await using process = folder.deno(["run", "--check", ...flagsFor(program.url), "job.ts", "1"]);
  assertEquals((await process.ended()).stdout, "counted 1\n");
});

Deno.test("monitored() by URL: a program without network permission runs, and prints a warning", async () => {
  await using program = await startProgram(["--no-demo"]);
  using folder = new JobFolder();
  folder.write("job.ts", counting(program.url));
  const { host } = new URL(program.url);
  for (const flags of [[], ["--allow-net=127.0.0.1:1"]]) {
    await using job = folder.deno(["run", "--no-prompt", `--allow-import=${host}`, ...flags, "job.ts", "2"]);
    const { code, stdout, stderr } = await job.ended();
    assertEquals([code, stdout], [0, "counted 2\n"]);
    assertEquals(
      stderr.replace(/^Download .*\n/gm, ""),
      `[taskscope] ${program.url} accepts no reports (it can't be reached without --allow-net=${host}), ` +
        "so tasks run unmonitored\n",
    );
  }
  assertEquals((await call("GET", `${program.url}/tasks/default`)).json.all_tasks, {});
});

Deno.test("monitored() by URL: a program that may not read its key is told once how to permit it", async () => {
  const env = { TASKSCOPE_KEY: "a-key-of-16-chars" };
  await using program = await startProgram(["--no-demo"], { env });
  using folder = new JobFolder();
  folder.write("job.ts", counting(program.url));
  const warning =
    `[taskscope] ${program.url} accepts no reports (This server requires a key; set TASKSCOPE_KEY, ` +
    'and add "--allow-env=TASKSCOPE_*"), so tasks run unmonitored\n';
  for (const [flags, warnings] of [[[], warning], [["--allow-env=TASKSCOPE_*"], ""]] as const) {
    await using job = folder.deno(["run", ...flagsFor(program.url), ...flags, "job.ts", "2"], { env });
    const { code, stdout, stderr } = await job.ended();
    assertEquals([code, stdout, stderr.replace(/^Download .*\n/gm, "")], [0, "counted 2\n", warnings]);
  }
});

Deno.test(`monitored() by URL: a program runs on Deno ${OLDEST}`, async () => {
  const deno = ["npx", "--yes", "--offline", `deno@${OLDEST}`];
  using folder = new JobFolder();
  // A test must not download anything; the build machine has this version installed.
  const version = await folder.deno(["--version"], { deno }).ended().catch(() => null);
  if (version?.code !== 0) {
    const complaint = `Deno ${OLDEST} is not installed, so this test was skipped`;
    if (Deno.env.get("CI") === "true") throw new Error(complaint);
    // deno-lint-ignore no-console -- otherwise a test that did not run would look as if it had passed
    return console.warn(complaint);
  }
  assertStringIncludes(version.stdout, OLDEST);
  await using program = await startProgram(["--no-demo"]);
  const { code, stdout, stderr } = await count(folder, program, 10, { deno });
  assertEquals([code, stdout], [0, "counted 10\n"], stderr);
  const { json } = await call("GET", `${program.url}/tasks/default`);
  const [task] = Object.values(json.all_tasks) as Record<string, unknown>[];
  assertEquals([task?.state, task?.log_count, task?.result], ["FINISHED", 10, { total: 10 }]);

  await using job = folder.deno(["run", "--check", ...flagsFor(program.url), "job.ts", "100000"], { deno });
  const [, id] = await idOfActive(program);
  await shown(program.url, { client: "default", id }, ({ current }) => (current ?? 0) > 5);
  assertEquals((await call("POST", `${program.url}/tasks/default/${id}/cancel`)).status, 202);
  assertEquals((await job.ended()).stdout, "stopped: The task was cancelled\n");
});

/** Waits until a task of the program is active, and returns its name and id. */
async function idOfActive({ url }: Program): Promise<[name: string, id: string]> {
  const ask = () => call("GET", `${url}/tasks/default`);
  const { json } = await eventually(ask, ({ json }) => json.active_tasks.length > 0);
  const [{ name, id }] = json.active_tasks;
  return [name, id];
}
