/**
 * Loads the functions that a server offers to start: demo tasks and the modules of `--tasks`.
 *
 * @module
 */

import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import { demoTasks } from "../../demo/mod.ts";
import { ConfigError } from "../../errors.ts";
import type { TaskDefinition } from "../../mod.ts";
import { messageOf } from "../command.ts";
import type { ServeOptions } from "./serve_options.ts";

/**
 * Loads the startable tasks.
 *
 * @param options the modules to load, and whether to include the demo tasks; a module's function replaces an
 * earlier function of the same name
 * @returns the functions by name; a default export has the name of its function, or, if the function has no name, of
 * its file
 * @throws {Error} if a module does not load or exports no function
 */
export async function loadTasks(
  { taskModules, withDemo, root }: Pick<ServeOptions, "taskModules" | "withDemo" | "root">,
): Promise<Record<string, TaskDefinition>> {
  if (withDemo) await checkRoot(root);
  const tasks = withDemo ? demo(root) : {};
  for (const path of taskModules) {
    const isUrl = !isAbsolute(path) && URL.canParse(path);
    const url = isUrl ? new URL(path) : pathToFileURL(path);
    const module = await load(path, url.href);
    const functions = Object.entries(module).filter(([, value]) => typeof value === "function");
    if (functions.length === 0) throw new Error(`Cannot load --tasks "${path}": it exports no function`);
    for (const [name, value] of functions) {
      tasks[nameOf(name, value, isUrl ? url.pathname : path)] = value as TaskDefinition;
    }
  }
  return tasks;
}

async function checkRoot(root: string): Promise<void> {
  try {
    if ((await Deno.stat(root)).isDirectory) return;
  } catch (cause) {
    throw new ConfigError(`Cannot use --root "${root}": ${messageOf(cause)}`, { cause });
  }
  throw new ConfigError(`Cannot use --root "${root}": it is not a folder`);
}

/**
 * Returns the name of a startable task: the name of the export, or, for a default export, of its function or its
 * file.
 */
function nameOf(exported: string, value: unknown, path: string): string {
  if (exported !== "default") return exported;
  const { name } = value as { readonly name: string };
  const [file = ""] = path.split(/[\\/]/).slice(-1);
  return name !== "" && name !== "default" ? name : file.replace(/\.[^.]*$/, "") || exported;
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
        'convert it with "deno bundle --output tasks.js tasks.ts", or "npx -y deno bundle …" if you have Node',
    );
  }
  try {
    return await import(url);
  } catch (cause) {
    throw new Error(`Cannot load --tasks "${path}": ${messageOf(cause)}${placeOf(cause)}`, { cause });
  }
}

/** Returns ` at <location>` of the error that a module threw; empty if the error's message already has a location. */
function placeOf(error: unknown): string {
  const { stack = "", message } = error instanceof Error ? error : new Error();
  const [place] = stack.slice(stack.indexOf(message) + message.length).match(/file:\/\/\S+:\d+:\d+/) ?? [];
  return place === undefined || message.includes("file://") ? "" : ` at ${place}`;
}
