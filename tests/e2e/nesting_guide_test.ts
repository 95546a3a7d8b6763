/** Follows the guide on tasks inside tasks word for word, and looks at the result on the page and with `ls`. */

import type { Task } from "../../lib/task/task.ts";
import { assertEquals } from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { JobFolder } from "../support/job_folder.ts";
import { EXECUTABLE, moduleArgs, startProgram } from "../support/program.ts";
import { testPython } from "../support/python.ts";

const GUIDE = await Deno.readTextFile(new URL("../../.github/guides/reporting.md", import.meta.url));
const SECTION = /^## Tasks inside tasks\n([^]*?)^## /m.exec(GUIDE)![1]!;
const BLOCKS = Array.from(SECTION.matchAll(/```(\w+)\n([^]*?)```/g), ([, language, text]) => {
  return [language!, text!] as const;
});
const PYTHON_PACKAGE = new URL("../../lib/reporters/python/", import.meta.url).pathname;

/** Writes a script that runs a program, as if it were installed. */
function install(folder: JobFolder, name: string, words: readonly string[]): void {
  folder.write(name, `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(" ")} "$@"\n`);
  Deno.chmodSync(`${folder.path}/${name}`, 0o755);
}

testPython(
  "guide: a run that starts another run, a Deno program and a Python program becomes one tree of tasks",
  async () => {
    assertEquals(BLOCKS.map(([language]) => language), ["sh", "ts", "python", "sh"]);
    await using program = await startProgram(["--no-demo"]);
    using folder = new JobFolder();
    await folder.sharePackages();
    const [script, check, upload, command] = BLOCKS.map(([, text]) => {
      return text.replaceAll("127.0.0.1:8000", new URL(program.url).host);
    });
    folder.write("nightly.sh", script!);
    folder.write("check.ts", check!);
    folder.write("upload.py", upload!);
    await Deno.mkdir(`${folder.path}/data`);
    for (const name of ["a", "b"]) folder.write(`data/${name}`, name);
    install(folder, "python3", ["/usr/bin/python3"]);
    const own = EXECUTABLE === undefined
      ? [Deno.execPath(), ...await moduleArgs("main.ts", ["-A"])]
      : [EXECUTABLE];
    install(folder, "taskscope", own);
    const env = {
      PATH: `${folder.path}:${Deno.env.get("PATH")}`,
      PYTHONPATH: PYTHON_PACKAGE,
      PYTHONDONTWRITEBYTECODE: "1",
      TASKSCOPE_SERVER: program.url,
    };
    const shell = async (line: string) => {
      await using process = folder.deno(["-c", line], { deno: ["sh"], env });
      return await process.ended();
    };
    const { code, stdout, stderr } = await shell(command!);
    assertEquals([code, stdout], [0, ""], stderr);

    const { json } = await call("GET", `${program.url}/tasks/default`);
    const tasks = Object.values<Task>(json.all_tasks).sort((left, right) =>
      left.created_at - right.created_at
    );
    const nightly = tasks[0]!.id;
    assertEquals(tasks.map(({ name, parent_id, state, current }) => [name, parent_id, state, current]), [
      ["nightly", null, "FINISHED", null],
      ["copy", nightly, "FINISHED", null],
      ["check", nightly, "FINISHED", 2],
      ["upload", nightly, "FINISHED", null],
    ]);
    const { json: progress } = await call("GET", `${program.url}/tasks/default/${nightly}/progress`);
    const points = progress.points.map((point: { readonly progress: number }) => point.progress);
    assertEquals(
      points,
      points.toSorted((left: number, right: number) => left - right),
      "the bar never falls",
    );

    const { stdout: list } = await shell("taskscope ls");
    const names = list.trimEnd().split("\n").map((line) =>
      line.replace(/^\S+ {2}/, "").replace(/ +\[.*/, "")
    );
    assertEquals(names, ["nightly", "  copy", "  check", "  upload"]);

    await withPage({}, async ({ page, complaints }) => {
      await page.goto(`${program.url}/t/default/${nightly}`);
      assertEquals(await page.locator(".subtask-name").allInnerTexts(), ["copy", "check", "upload"]);
      assertEquals(await page.locator(".subtask-percent").allInnerTexts(), ["100%", "100%", "100%"]);
      const shares = await page.locator(".subtask-share").allInnerTexts();
      assertEquals(shares.map((text) => text.replace(/\s+/g, " ")), Array(3).fill("of the parent: 33%"));
      assertEquals(complaints, []);
    });
  },
);
