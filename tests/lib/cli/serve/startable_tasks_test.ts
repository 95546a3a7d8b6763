import { loadTasks } from "../../../../lib/cli/serve/startable_tasks.ts";
import { assertEquals } from "../../../support/assert.ts";

Deno.test("loadTasks() names the default export after its function, or else after its file", async () => {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
  try {
    const modules: Readonly<Record<string, string>> = {
      "named.js": "export default function convert() {}\nexport function other() {}",
      "both.js": "export function both_names() {}\nexport default both_names;",
      "re-index.v2.mjs": "export default async () => {};",
    };
    for (const [name, text] of Object.entries(modules)) await Deno.writeTextFile(`${folder}/${name}`, text);
    const taskModules = [
      ...Object.keys(modules).map((name) => `${folder}/${name}`),
      `file://${folder}/named.js?again`,
    ];
    const tasks = await loadTasks({ taskModules, withDemo: false, root: folder });
    assertEquals(Object.keys(tasks), ["convert", "other", "both_names", "re-index.v2"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("loadTasks() loads a file by its path, whatever characters the path has", async () => {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
  const before = Deno.cwd();
  try {
    for (const part of ["c#-tools", "why?", "100%25", "a b"]) {
      const inner = `${folder}/${part}`;
      await Deno.mkdir(inner);
      for (
        const [path, text] of [[folder, "export function outside() {}"], [inner, "export default () => {};"]]
      ) {
        await Deno.writeTextFile(`${path}/all #1%20.js`, text!);
      }
      Deno.chdir(inner);
      for (const path of ["./all #1%20.js", `${inner}/all #1%20.js`, `../${part}/all #1%20.js`]) {
        const tasks = await loadTasks({ taskModules: [path], withDemo: false, root: folder });
        assertEquals(Object.keys(tasks), ["all #1%20"], `${part}, ${path}`);
      }
    }
  } finally {
    Deno.chdir(before);
    await Deno.remove(folder, { recursive: true });
  }
});
