/**
 * The demo tasks of a new server.
 *
 * @module
 */

import type { MonitoredTask } from "../monitored.ts";
import type { JsonObject, JsonValue } from "../task/task.ts";
import { checksumFolder } from "./checksum_folder.ts";
import { countPrimes, DEFAULT_PRIME_BOUND } from "./count_primes.ts";
import { longRunningTask } from "./long_running_task.ts";
import { HIGHEST_PRIME_BOUND } from "./primes.ts";

/** A task that can be started from the page or by a request, by its name. */
export interface DemoTask {
  /** The function to run, which validates its own input. */
  readonly fn: (task: MonitoredTask, input?: JsonObject) => Promise<JsonValue>;
  /** The title to display. */
  readonly title: string;
  /** What the task does, in one sentence. */
  readonly description: string;
  /** The JSON Schema of the function's input: an object whose properties are all optional. */
  readonly input: JsonObject;
}

/** Options of {@linkcode demoTasks}. */
export interface DemoTasksOptions {
  /** The folder that limits what `checksum_folder` can read. */
  readonly root: string;
}

/**
 * Creates the demo tasks.
 *
 * @param options the folder that the tasks may read
 * @returns the tasks by name
 */
export function demoTasks(options: DemoTasksOptions): ReadonlyMap<string, DemoTask> {
  return new Map<string, DemoTask>([
    ["checksum_folder", {
      fn: checksumFolder(options.root),
      title: "Checksum of a folder",
      description: "Reads every file below a folder and computes one SHA-256 for all of them.",
      input: schema({
        folder: {
          type: "string",
          title: "Folder",
          description: "A path below the folder that the server may read",
          default: ".",
        },
      }),
    }],
    ["count_primes", {
      fn: countPrimes,
      title: "Count primes",
      description: "Counts the primes below a number in a worker, using one core.",
      input: schema({
        below: {
          type: "integer",
          title: "Below",
          description: "The exclusive upper bound",
          minimum: 2,
          maximum: HIGHEST_PRIME_BOUND,
          default: DEFAULT_PRIME_BOUND,
        },
      }),
    }],
    ["long_running_task", {
      fn: longRunningTask,
      title: "Long-running task",
      description: "Takes ten steps of one second each.",
      input: schema({}),
    }],
  ]);
}

function schema(properties: JsonObject): JsonObject {
  return { type: "object", properties, additionalProperties: false };
}
