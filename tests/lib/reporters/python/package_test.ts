/** Tests of the built Python package: the wheel, and the single-file version. */

import { createScript, createWheel, PYTHON_OUTPUTS } from "../../../../.tools/python_package.ts";
import { VERSION } from "../../../../lib/version.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { spawn } from "../../../support/program.ts";
import { outline, python, runPython, tasksAt, testPython } from "../../../support/python.ts";
import { startServer } from "../../../support/server.ts";
import { findTool } from "../../../support/tools.ts";

const PACKAGE = new URL("../../../../lib/reporters/python/taskscope/", import.meta.url);
const [WHEEL, SCRIPT] = PYTHON_OUTPUTS.map((url) => url.pathname) as [string, string];

/** A program that uses each part of the package. */
const SOURCE = `
import asyncio, logging, sys, taskscope
from taskscope.tqdm import tqdm, trange
from taskscope import LogHandler, Task, TaskCancelled, current_task, monitored, monitored_background_task
print(taskscope.__version__, sorted(name for name in taskscope.__all__ if hasattr(taskscope, name)))
print(taskscope.tqdm.tqdm is tqdm, sys.modules["taskscope.tqdm"] is taskscope.tqdm, callable(taskscope.task))
try: from taskscope.tqdm import nothing
except ImportError as error: print("no such name")

@monitored
def work(count: int, task: Task):
    logging.getLogger().warning("in the log")
    for _ in trange(count, desc="bar"): pass
    with task.child("child") as child: child.update(50)
    raise TaskCancelled("stop")

logging.getLogger().addHandler(LogHandler())
try: work(3)
except TaskCancelled as error: print(error)
`;

const WANTED = [
  ["work", "CANCELLED", null, null, null],
  ["bar", "FINISHED", 3, 3, "work"],
  ["child", "FINISHED", null, null, "work"],
];

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-python-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

testPython("python package: the single file works like the package", async () => {
  const path = SCRIPT.replace(/[^/]+$/, "");
  const outputs: string[] = [];
  for (const options of [{}, { path }]) {
    await using server = startServer();
    const { code, stdout, stderr } = await runPython(SOURCE, { server: server.url, ...options });
    assertEquals([code, stderr.replace(/^.*bar:.*$/gm, "").trim()], [0, ""]);
    assertEquals(outline(await tasksAt(server.url)), WANTED);
    outputs.push(stdout.replace(/^\S+/, "version"));
  }
  assertEquals(outputs[1], outputs[0]);
});

testPython("python package: the examples in the documents run", async () => {
  const root = new URL("../../../../", import.meta.url);
  const read = async (path: string) => {
    const text = await Deno.readTextFile(new URL(path, root));
    return /^```python\n(import taskscope\n[^]*?)^```$/m.exec(text)![1]!;
  };
  const guide = await read(".github/guides/reporting.md");
  const readme = await read("lib/reporters/python/README.md");
  await using server = startServer();
  for (const source of [`${guide}\nconvert(["a.csv"])`, readme]) {
    assertEquals(await runPython(source, { server: server.url }), { code: 0, stdout: "", stderr: "" });
  }
  assertEquals(outline(await tasksAt(server.url)), [
    ["backup", "FINISHED", null, null, null],
    ["dump", "FINISHED", null, null, "backup"],
    ["upload", "FINISHED", 3, 4, "backup"],
    ["convert", "FINISHED", 1, 1, null],
    ["convert", "FINISHED", 2, 2, null],
  ]);
});

testPython("python package: the wheel installs with pip into a virtual environment", async () => {
  await withFolder(async (folder) => {
    const venv = await python(["-m", "venv", folder]);
    assertEquals(venv.code, 0, `${venv.stdout}${venv.stderr}: is python3-venv installed?`);
    await using pip = spawn(`${folder}/bin/pip`, [
      "install",
      "--no-index",
      "--disable-pip-version-check",
      WHEEL,
    ]);
    const { code, stderr } = await pip.ended();
    assertEquals([code, stderr], [0, ""]);
    await using server = startServer();
    const source = `
import importlib.metadata, importlib.resources, taskscope
assert taskscope.__version__ == importlib.metadata.version("taskscope") == ${JSON.stringify(VERSION)}
assert importlib.resources.files("taskscope").joinpath("py.typed").is_file()
with taskscope.task("installed"): pass`;
    const env = { TASKSCOPE_SERVER: server.url, TASKSCOPE_CLIENT: "py" };
    await using program = spawn(`${folder}/bin/python`, ["-W", "error", "-c", source], { env, cwd: folder });
    assertEquals(await program.ended(), { code: 0, stdout: "", stderr: "" });
    assertEquals((await tasksAt(server.url)).map(({ name, state }) => [name, state]), [[
      "installed",
      "FINISHED",
    ]]);
    await using check = spawn(`${folder}/bin/pip`, ["check", "--disable-pip-version-check"]);
    assertEquals((await check.ended()).code, 0);
  });
});

Deno.test("python package: builds of the same source are identical, and the served files are up to date", async () => {
  const [wheel, script] = [await createWheel(), await createScript()];
  assertEquals(await createWheel(), wheel);
  assertEquals(await Deno.readFile(WHEEL), wheel);
  assertEquals(await Deno.readTextFile(SCRIPT), script);
});

testPython("python package: compiles without a warning, and uses no syntax after Python 3.9", async () => {
  await withFolder(async (folder) => {
    for await (const { name } of Deno.readDir(PACKAGE)) {
      if (name.endsWith(".py")) await Deno.copyFile(new URL(name, PACKAGE), `${folder}/${name}`);
    }
    await Deno.copyFile(SCRIPT, `${folder}/single_file.py`);
    const compiled = await python(["-W", "error", "-m", "compileall", "-q", folder]);
    assertEquals(compiled, { code: 0, stdout: "", stderr: "" });
    const parse = `
import ast, pathlib, sys
for path in pathlib.Path(sys.argv[1]).glob("*.py"): ast.parse(path.read_text(), str(path), feature_version=(3, 9))`;
    assertEquals(await python(["-c", parse, folder]), { code: 0, stdout: "", stderr: "" });
  });
});

Deno.test("python package: modules and lines are short", async () => {
  for await (const { name } of Deno.readDir(PACKAGE)) {
    if (!name.endsWith(".py")) continue;
    const lines = (await Deno.readTextFile(new URL(name, PACKAGE))).split("\n");
    assert(lines.every((line) => line.length <= 99), `${name} has longer lines`);
    assert(lines.length <= 400, `${name} has ${lines.length} lines`);
  }
});

Deno.test("python package: unzip accepts the archive", async () => {
  const tool = await findTool(["/usr/bin/python3"], "The test of the wheel");
  if (tool === undefined) return;
  const { code, stdout } = await python(["-m", "zipfile", "--test", WHEEL]);
  assertEquals([code, stdout], [0, "Done testing\n"]);
});
