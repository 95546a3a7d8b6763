/**
 * Loads the functions that a server offers to start: demo tasks and the modules of `--tasks`.
 *
 * @module
 */

import { demoTasks } from "../../demo/mod.ts";
import type { TaskDefinition } from "../../mod.ts";
import { messageOf } from "../command.ts";
import type { ServeOptions } from "./serve_options.ts";

/**
 * Loads the startable tasks.
 *
 * @param options the modules to load, and whether to include the demo tasks; a module's function replaces an
 * earlier function of the same name
 * @returns the functions by name
 * @throws {Error} if a module does not load or exports no function
 */
export async function loadTasks(
  { taskModules, withDemo, root }: Pick<ServeOptions, "taskModules" | "withDemo" | "root">,
): Promise<Record<string, TaskDefinition>> {
  const tasks = withDemo ? demo(root) : {};
  for (const path of taskModules) {
    const base = `file://${Deno.cwd()}/`;
    const module = await load(path, URL.parse(path)?.href ?? new URL(path, base).href);
    const functions = Object.entries(module).filter(([, value]) => typeof value === "function");
    if (functions.length === 0) throw new Error(`Cannot load --tasks "${path}": it exports no function`);
    for (const [name, value] of functions) tasks[name] = value as TaskDefinition;
  }
  return tasks;
}

function demo(root: string): Record<string, TaskDefinition> {
  return Object.fromEntries(
    [...demoTasks({ root })].map(([name, { fn, title, description, input }]) => {
      return [name, { fn, input: { title, description, ...input } }];
    }),
  );
}

async function load(path: string, url: string): Promise<Record<string, unknown>> {
  if (Deno.build.standalone && /\.[cm]?tsx?$/i.test(url)) {
    throw new Error(
      `Cannot load --tasks "${path}": the executable loads JavaScript only (.js, .mjs); ` +
        'convert it with "deno bundle --output tasks.js tasks.ts"',
    );
  }
  try {
    return await import(url);
  } catch (cause) {
    throw new Error(`Cannot load --tasks "${path}": ${messageOf(cause)}`, { cause });
  }
}
