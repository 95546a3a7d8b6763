/**
 * Starts a server with functions that can be started as tasks over REST.
 *
 * @module
 */

import type { MonitorOptions } from "../../lib/mod.ts";
import { call, HeldTask } from "./calls.ts";
import { startServer, type TestServer } from "./server.ts";
import { eventually } from "./until.ts";

/** A server with a task that runs until it is released. */
export interface TaskServer extends TestServer {
  /** The task registered as `held`. */
  readonly held: HeldTask;
}

/**
 * Starts a server with three functions: `echo` returns its arguments, `fails` throws, `held` runs until it is released.
 *
 * @param options the monitor's options
 * @returns the server, which the caller must dispose of
 */
export function startTaskServer(options: MonitorOptions = {}): TaskServer {
  const held = new HeldTask();
  const tasks = {
    held: held.fn,
    echo: (_task: unknown, ...args: unknown[]) => args,
    fails: () => Promise.reject(new TypeError("as it was told")),
  };
  return Object.assign(startServer({ tasks, ...options }), { held });
}

/** Waits over REST until a task has ended; returns the task's record. */
export async function ended(url: string): Promise<Record<string, unknown>> {
  const states = ["FINISHED", "ERROR", "CANCELLED"];
  return (await eventually(() => call("GET", url), ({ json }) => states.includes(json.state))).json;
}

/** Starts a task over REST, and waits until it has ended. */
export async function run(
  tasks: string,
  name: string,
  body: Readonly<Record<string, unknown>>,
): Promise<void> {
  await call("POST", `${tasks}/start/${name}`, { body });
  await ended(`${tasks}/${body.id}`);
}
