/**
 * Tests of the compiled executable, which needs neither Deno nor other files. The tests run only if
 * `TASKSCOPE_EXECUTABLE` is the path of the executable.
 */

import { COMMIT } from "../../lib/commit.ts";
import { VERSION } from "../../lib/version.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { EXECUTABLE, type Process, runProgram, spawn, startProgram } from "../support/program.ts";
import { TestSocket } from "../support/socket.ts";
import { findTool } from "../support/tools.ts";

const NOBODY = 65_534;

/** A script that runs a command without root privileges, in an empty environment, with all folders but one read-only. */
const BECOME_NOBODY = `
data=$1; shift
mount --bind "$data" "$data" && mount -o remount,ro,bind / || exit 99
exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups -- env -i "$@"
`;

function test(name: string, run: (folder: string) => Promise<void>): void {
  Deno.test({
    name: `executable: ${name}`,
    ignore: EXECUTABLE === undefined,
    async fn() {
      const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
      try {
        await run(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

/** Starts a task, waits until it has ended, and returns its record. */
async function runTask(url: string, name: string, args: readonly unknown[]) {
  const { json: { task_id } } = await call("POST", `${url}/tasks/c/start/${name}`, { body: { args } });
  await using socket = new TestSocket(`${url}/ws/tasks/c/${task_id}`);
  await socket.closed();
  return (await call("GET", `${url}/tasks/c/${task_id}`)).json;
}

test("prints the version and the commit", async () => {
  const commit = COMMIT === "" ? "" : ` (${COMMIT})`;
  const { code, stdout, stderr } = await runProgram(["--version"]);
  assertEquals({ code, stdout, stderr }, { code: 0, stdout: `taskscope ${VERSION}${commit}\n`, stderr: "" });
});

test("embeds the page with its assets, the importable module and the workers", async (folder) => {
  await using program = await startProgram([], { cwd: folder });
  const { text } = await call("GET", `${program.url}/t/c`);
  const assets = [...text.matchAll(/(?:src|href)="([^"]*\/assets\/[^"]+)"/g)].map(([, path]) => path!);
  assert(assets.some((path) => path.endsWith(".js")) && assets.some((path) => path.endsWith(".css")));
  for (const path of [...assets, "/monitored.ts", "/monitored.js", `/v${VERSION}/monitored.ts`]) {
    const answer = await call("GET", new URL(path, program.url).href);
    assertEquals([path, answer.status, answer.text.length > 100], [path, 200, true]);
  }
  assertEquals((await runTask(program.url, "count_primes", [{ below: 1_000 }])).result.primes, 168);
  assertEquals(program.process.stderr, "");
});

test("runs unprivileged on a read-only file system, except for its data folder", async (folder) => {
  if (Deno.uid() !== 0 || await findTool(["unshare"], "A test on a read-only file system") === undefined) {
    return;
  }
  await Deno.chmod(folder, 0o755);
  const [data, empty, executable] = [`${folder}/data`, `${folder}/empty`, `${folder}/taskscope`];
  await Promise.all([data, empty].map((path) => Deno.mkdir(path)));
  await Deno.chown(data, NOBODY, NOBODY);
  await Deno.copyFile(EXECUTABLE!, executable);
  await Deno.chmod(executable, 0o755);
  const start = (...command: string[]): Process => {
    const words = ["--mount", "--propagation", "private", "sh", "-c", BECOME_NOBODY, "sh", data, ...command];
    return spawn("unshare", words, { cwd: empty });
  };
  const args = ["--port", "0", "--data", `${data}/tasks.db`];

  // Checks that only the data folder is writable.
  await using writes = start("sh", "-c", `touch ${data}/probe && ! touch ${empty}/probe`);
  const { code, stderr } = await writes.ended();
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, "Read-only file system");
  await Deno.remove(`${data}/probe`);

  let id: string;
  {
    await using process = start(executable, ...args);
    const [url] = await process.output(/http:\/\/127\.0\.0\.1:\d+/);
    const task = await runTask(url, "count_primes", [{ below: 1_000 }]);
    assertEquals([task.state, task.result?.primes], ["FINISHED", 168]);
    assertEquals((await call("GET", `${url}/readyz`)).status, 200);
    assertEquals(process.stderr, "");
    ({ id } = task);
  }
  await using again = start(executable, ...args);
  const [url] = await again.output(/http:\/\/127\.0\.0\.1:\d+/);
  assertEquals((await call("GET", `${url}/tasks/c/${id}`)).json.state, "FINISHED");
  assertEquals(await Array.fromAsync(Deno.readDir(empty)), []);
});

test("loads tasks from JavaScript, and refuses TypeScript with advice", async (folder) => {
  await Deno.writeTextFile(`${folder}/one.mjs`, "export const twice = (_task, n) => 2 * n;");
  await Deno.writeTextFile(`${folder}/two.js`, "export async function thrice(_task, n) { return 3 * n; }");
  const tasks = ["--no-demo", "--tasks", "./one.mjs", "--tasks", `${folder}/two.js`];
  {
    await using program = await startProgram(tasks, { cwd: folder });
    assertEquals((await runTask(program.url, "twice", [21])).result, 42);
    assertEquals((await runTask(program.url, "thrice", [2])).result, 6);
  }
  for (const name of ["tasks.ts", "tasks.mts", "tasks.tsx"]) {
    await Deno.writeTextFile(`${folder}/${name}`, "export const twice = (_: unknown, n: number) => 2 * n;");
    const { code, stdout, stderr } = await runProgram(["--tasks", `./${name}`, "--port", "0"], {
      cwd: folder,
    });
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, /^taskscope: Cannot load --tasks .+: the executable loads JavaScript only .+\n$/);
  }
});

test("denies tasks the permissions that a server does not need", async (folder) => {
  const module = `export const run = () => new Deno.Command("true").output();
export const env = () => Deno.env.toObject();
export const sys = () => Deno.hostname();`;
  await Deno.writeTextFile(`${folder}/tasks.js`, module);
  await using program = await startProgram(["--tasks", `${folder}/tasks.js`]);
  for (const name of ["run", "env", "sys"]) {
    const { state, error } = await runTask(program.url, name, []);
    assertEquals([name, state, error?.type], [name, "ERROR", "NotCapable"]);
  }
});
