import { demoTasks } from "../../../lib/demo/mod.ts";
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { RecordingTask } from "../../support/recording_task.ts";

Deno.test("demoTasks() returns three tasks, each with a schema of optional properties", () => {
  const tasks = demoTasks({ root: "." });
  assertEquals([...tasks.keys()], ["checksum_folder", "count_primes", "long_running_task"]);
  for (const task of tasks.values()) {
    assertMatch(task.title, /\w/);
    assertMatch(task.description, /\.$/);
    assertEquals(task.input.type, "object");
    assertEquals(task.input.required, undefined);
    assertEquals(JSON.parse(JSON.stringify(task.input)), task.input);
  }
});

Deno.test("demoTasks() returns a task that reads the given folder", async () => {
  const root = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${root}/a`, "a");
    const result = await demoTasks({ root }).get("checksum_folder")!.fn(new RecordingTask());
    assertEquals((result as { files: number }).files, 1);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
