/**
 * Reads and runs the examples of the guide on subtasks.
 *
 * @module
 */

import type { MonitoredTask } from "../../lib/monitored.ts";

/** An example: code that reports subtasks, and states the progress of their parent after each step. */
export interface SubtaskExample {
  /** The sentence above the example. */
  readonly title: string;
  /** JavaScript that uses `task`, and awaits `shows(progress)` after each step that the guide comments. */
  readonly code: string;
  /** The number of steps that have a comment. */
  readonly steps: number;
}

const GUIDE = new URL("../../.github/guides/reporting.md", import.meta.url);

/** Reads the examples from the guide. */
export async function subtaskExamples(): Promise<SubtaskExample[]> {
  const guide = await Deno.readTextFile(GUIDE);
  const section = /^## Subtasks\n([^]*?)^## /m.exec(guide)?.[1] ?? "";
  return Array.from(section.matchAll(/\n\n([^\n]+):\n\n```ts\n([^]*?)```/g), ([, title, code]) => {
    let steps = 0;
    const checked = code!.replaceAll(/ \/\/ → (?:([\d.]+) %|indeterminate)$/gm, (_, percent = "null") => {
      steps++;
      return ` await shows(${percent});`;
    });
    return { title: title!, code: checked, steps };
  });
}

/**
 * Runs an example.
 *
 * @param code the code of the example
 * @param task the task to run it in
 * @param shows waits until the task has a progress, and throws if it does not get it
 */
export async function runSubtaskExample(
  code: string,
  task: MonitoredTask,
  shows: (progress: number | null) => Promise<void>,
): Promise<void> {
  const run = new Function("task", "shows", `return (async () => { ${code} })();`);
  await run(task, shows);
}
