/**
 * Describes registered tasks for the forms on pages that start them.
 *
 * @module
 */

import type { RunAgain, StartableTask } from "../../page_renderer.ts";
import type { JsonObject, JsonValue } from "../../task/task.ts";
import type { HandlerContext } from "../context.ts";

/** The maximum length of the arguments in the form that starts a task again, in characters of JSON. */
const MAX_SHOWN_ARGUMENTS = 16_384;

/**
 * Returns the data of the form that starts a task again; `null` if the task's function is not registered, or
 * its arguments are too long.
 */
export function runAgain(
  { startables }: Pick<HandlerContext, "startables">,
  { name, args }: { readonly name: string; readonly args: readonly JsonValue[] },
): RunAgain | null {
  const startable = startables.get(name);
  if (startable === undefined || JSON.stringify(args).length > MAX_SHOWN_ARGUMENTS) return null;
  return { task: startableTask(name, startable.input), args };
}

/** Describes a registered task, with the title and the description from the schema of its arguments. */
export function startableTask(name: string, input: JsonObject | null): StartableTask {
  return { name, title: textOf(input?.title), description: textOf(input?.description), input };
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}
