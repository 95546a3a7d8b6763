/**
 * Starts a server with tasks that a test advances, and runs Taskscope's commands against it.
 *
 * @module
 */

import type { MonitoredTask, TaskUpdate } from "../../lib/mod.ts";
import { call } from "./calls.ts";
import { type Ended, type Process, runProgram, spawnProgram } from "./program.ts";
import { startServer, type TestServer } from "./server.ts";

/** A task that a test advances step by step. */
export class SteppedTask {
  readonly #started = Promise.withResolvers<MonitoredTask>();
  readonly #ended = Promise.withResolvers<unknown>();

  /** The function to register. */
  readonly fn = async (task: MonitoredTask): Promise<unknown> => {
    this.#started.resolve(task);
    return await this.#ended.promise;
  };

  /** Updates the progress of the task. */
  async update(update: TaskUpdate): Promise<void> {
    await (await this.#started.promise).update(update);
  }

  /** Finishes the task, or makes it fail with an error. */
  end(error?: Error): void {
    if (error === undefined) this.#ended.resolve(null);
    else this.#ended.reject(error);
  }
}

/** A server, and methods that run Taskscope's commands against it. */
export interface TerminalServer extends TestServer {
  /** Starts a task of a client, by default of the client `c`. */
  start(id: string, client?: string): Promise<SteppedTask>;
  /** Runs a command of Taskscope until it ends. */
  run(...args: string[]): Promise<Ended>;
  /** Starts a command of Taskscope. */
  spawn(...args: string[]): Promise<Process>;
}

/** Starts a server. */
export function startTerminalServer(): TerminalServer {
  const waiting: SteppedTask[] = [];
  const next = (task: MonitoredTask) => waiting.shift()!.fn(task);
  const server = startServer({ tasks: { stepped: next, hash: next } });
  const env = { TASKSCOPE_SERVER: server.url, TASKSCOPE_CLIENT: "c" };
  return Object.assign(server, {
    async start(id: string, client = "c") {
      const task = new SteppedTask();
      waiting.push(task);
      await call("POST", `${server.url}/tasks/${client}/start/stepped`, { body: { id } });
      return task;
    },
    run: (...args: string[]) => runProgram(args, { env }),
    spawn: (...args: string[]) => spawnProgram(args, { env }),
  });
}
