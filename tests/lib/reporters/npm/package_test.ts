/** Tests the npm package itself: its bytes, what it contains, its types, and that package managers accept it. */

import { fileURLToPath } from "node:url";
import { canBuild } from "../../../../.tools/build.ts";
import { DECLARATIONS } from "../../../../.tools/module.ts";
import { createNpmPackage } from "../../../../.tools/npm_package.ts";
import { VERSION } from "../../../../lib/version.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { JobFolder } from "../../../support/job_folder.ts";
import { done, HAS_DOWNLOADS, installPackage, PACKAGE } from "../../../support/npm_package.ts";
import { spawn } from "../../../support/program.ts";

/** The files of the package, in their order in the archive. */
const FILES = ["package.json", "LICENSE", "README.md", "monitored.d.ts", "monitored.js"];

Deno.test("createNpmPackage() always creates the bytes that the build has written", {
  ignore: !canBuild(Deno.version.deno),
}, async () => {
  const built = await Deno.readFile(PACKAGE);
  for (let turn = 0; turn < 2; turn++) assertEquals(await createNpmPackage(), built);
});

Deno.test("the npm package contains only its files, with fixed times and owners", async () => {
  const { stdout } = await done(spawn("tar", ["--list", "--verbose", "--utc", "--gzip", "--file", PACKAGE]));
  const lines = stdout.trimEnd().split("\n").map((line) => line.split(/\s+/));
  assertEquals(lines.map(([mode, owner, , date, time, path]) => [mode, owner, date, time, path].join(" ")), [
    ...FILES.map((file) => `-rw-r--r-- 0/0 1985-10-26 08:15 package/${file}`),
  ]);
});

Deno.test("the npm package imports nothing, and contains no path of the machine that built it", async () => {
  using folder = new JobFolder();
  await installPackage(folder.path);
  const read = (file: string) => Deno.readTextFile(`${folder.path}/node_modules/taskscope/${file}`);
  const script = await read("monitored.js");
  assertEquals(script.match(/^\s*(import\b.*|export\b.*\bfrom\b.*)$/gm), null);
  const root = fileURLToPath(new URL("../../../../", import.meta.url));
  for (const text of [script, await read("monitored.d.ts")]) {
    assert(!text.includes(root) && !text.includes(Deno.env.get("HOME")!), "it names a folder");
    assert(!/^\/\/ (\.\.|\/|file:)/m.test(text), "it names a file outside of the project");
  }
  assertEquals(await read("monitored.d.ts"), await Deno.readTextFile(DECLARATIONS));
  const { name, version, dependencies } = JSON.parse(await read("package.json"));
  assertEquals([name, version, dependencies], ["taskscope", VERSION, undefined]);
  for (const file of FILES) assert((await read(file)).length > 0, file);
});

Deno.test("npm packs the package without a warning", async () => {
  using folder = new JobFolder();
  const env = { npm_config_cache: `${folder.path}/cache`, npm_config_update_notifier: "false" };
  const args = ["pack", "--dry-run", "--json", "--offline", PACKAGE];
  const { stdout, stderr } = await done(spawn("npm", args, { cwd: folder.path, env }));
  assertEquals(stderr, "");
  const [{ id, files }] = JSON.parse(stdout);
  assertEquals(id, `taskscope@${VERSION}`);
  assertEquals(files.map(({ path }: { readonly path: string }) => path).sort(), FILES.toSorted());
});

/** The source of a module that uses the types of the package. */
const TYPED = `import { currentTask, monitored, type MonitoredTask, type TaskHandle } from "taskscope";

const double = monitored(async (task: MonitoredTask, value: number) => {
  await task.update({ progress: 50 });
  task.child("part")[Symbol.dispose]();
  task.signal.throwIfAborted();
  return value * 2;
}, { name: "double", staleAfterMs: 5_000 });
export const doubled: Promise<number> = double(2);
export const handle: TaskHandle<number> = double.with({ id: "other" }).start(2);
export const pages: AsyncGenerator<number> = monitored(async function* () { yield 1; })();
export class Importer {
  @monitored()
  async load(path: string, task = currentTask()): Promise<string> {
    task.log(path);
    return path;
  }
}
// @ts-expect-error the argument is a number
void double("2");
`;

/** Type-checks the module with the TypeScript package, which is installed as a dependency of other tests. */
async function checkTypes(
  folder: JobFolder,
  lib: readonly string[],
  types: readonly string[],
): Promise<void> {
  folder.write("use.mts", TYPED);
  const compilerOptions = { strict: true, noEmit: true, target: "es2022", module: "nodenext", lib, types };
  folder.write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["use.mts"] }));
  const args = [
    "run",
    "--no-config",
    "--no-lock",
    "--allow-all",
    "npm:typescript@5.9.3/bin/tsc",
    "--project",
    ".",
  ];
  await done(spawn(Deno.execPath(), args, { cwd: folder.path }));
}

Deno.test("the types of the npm package check in plain TypeScript with the types of browsers", async () => {
  using folder = new JobFolder();
  await installPackage(folder.path);
  await checkTypes(folder, ["ES2022", "DOM"], []);
});

Deno.test(
  "the types of the npm package check with those of Node 20",
  { ignore: !HAS_DOWNLOADS },
  async () => {
    using folder = new JobFolder();
    folder.write("package.json", "{}");
    const args = ["install", "--no-audit", "--no-fund", PACKAGE, "@types/node@20.19.43"];
    await done(spawn("npm", args, { cwd: folder.path }));
    await checkTypes(folder, ["ES2022"], ["node"]);
  },
);

for (const manager of ["pnpm@9.15.9", "bun@1.4.5"]) {
  Deno.test(`${manager} installs the npm package, and its lock file accepts it again`, {
    ignore: !HAS_DOWNLOADS,
  }, async () => {
    using folder = new JobFolder();
    folder.write("package.json", "{}");
    folder.write(
      "job.mjs",
      'import { monitored } from "taskscope"; console.log(await monitored(() => "done")());',
    );
    const npx = (...args: string[]) => spawn("npx", ["--yes", manager, ...args], { cwd: folder.path });
    await done(npx("add", PACKAGE));
    await Deno.remove(`${folder.path}/node_modules`, { recursive: true });
    await done(npx("install", "--frozen-lockfile"));
    const { stdout } = await done(spawn("node", ["job.mjs"], { cwd: folder.path }));
    assertEquals(stdout, "done\n");
  });
}
