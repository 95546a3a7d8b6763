/**
 * `taskscope run`: runs a command and reports it as a task.
 *
 * @module
 */

import { readVariable } from "../../environment.ts";
import { createChange } from "../../task/create_change.ts";
import { LIMITS } from "../../task/grammar.ts";
import { RemoteSink } from "../../remote/remote_sink.ts";
import { truncate } from "../../task/truncate.ts";
import type { CreateChange, JsonObject } from "../../task/task.ts";
import { withTimeout } from "../../timeout.ts";
import { monotonicUlid } from "../../ulid.ts";
import { messageOf } from "../command.ts";
import { showHelp } from "../help.ts";
import { note } from "../terminal.ts";
import { tokenFor } from "./command_environment.ts";
import { CommandTask } from "./command_task.ts";
import { shellQuote } from "./pseudo_terminal.ts";
import { parseRun, RUN, type RunOptions } from "./run_options.ts";
import { type RunningCommand, startCommand, StartError } from "./running_command.ts";

/** The exit status if taskscope itself failed, not the command; env(1) and timeout(1) use the same status. */
const OWN_FAILURE_STATUS = 125;
/** The longest wait for the server to acknowledge the task's end, in milliseconds: the server may be restarting. */
const ACKNOWLEDGE_MS = 5_000;
/** The maximum length of a command line in a task's metadata, in characters. */
const MAX_COMMAND_LENGTH = 4_000;
/** The maximum length of a program name in a task's metadata, in characters. */
const MAX_PROGRAM_LENGTH = 200;

/** Dependencies of `run` that tests replace. */
export interface RunEnvironment {
  /** Reads an environment variable. */
  readonly readVariable: (name: string) => string | undefined;
  /**
   * Connects to a server.
   *
   * @param target the server's URL and the key
   * @param warn shows a warning to the user
   */
  readonly connect: (
    target: Pick<RunOptions, "server" | "key">,
    warn: (message: string) => void,
  ) => RemoteSink;
}

const ENVIRONMENT: RunEnvironment = {
  readVariable,
  connect: ({ server, key }, warn) => new RemoteSink(server, { key, warn }),
};

/**
 * Runs a command as a task.
 *
 * @param args the arguments after `run`
 * @param environment dependencies that tests replace
 * @returns the exit status: that of the command, or 125 to 127 if the command could not be run
 */
export async function runCommand(
  args: readonly string[],
  environment: RunEnvironment = ENVIRONMENT,
): Promise<number> {
  try {
    const options = parseRun(args, environment.readVariable);
    return options === null ? showHelp(RUN) : await run(options, environment);
  } catch (error) {
    note(messageOf(error));
    return OWN_FAILURE_STATUS;
  }
}

async function run(options: RunOptions, environment: RunEnvironment): Promise<number> {
  const warn = (message: string) => {
    if (!options.isQuiet) note(message);
  };
  using sink = environment.connect(options, warn);
  let running: RunningCommand | undefined;
  let isCancelled = false;
  const key = { client: options.client, id: options.id ?? monotonicUlid() };
  const task = new CommandTask(sink, key, creationOf(options), {
    onCancel: () => {
      isCancelled = true;
      running?.stop();
    },
    // The server is shutting down; the command keeps running.
    onInterrupt: () => {},
    warn,
    // A pseudo-terminal merges stdout and stderr.
    errorOutput: options.usesPty ? "stdout" : "stderr",
    expectedWeight: options.expectedWeight,
  });
  try {
    running = await startCommand({
      ...options,
      token: await tokenFor(options, { taskId: key.id, reporter: sink.reporterId }),
      parentId: options.hasSubtasks ? key.id : null,
      readVariable: environment.readVariable,
      onOutput: (output, bytes) => task.wrote(output, bytes),
      onUsage: options.measuresUsage ? (usage) => task.used(usage) : null,
      warn,
    });
    task.started(running.pid);
    if (isCancelled) running.stop();
    const end = await running.ended;
    task.ended(end);
    await running.closed;
    return end.status;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    // This message is printed despite --quiet, because the command itself cannot report the error.
    note(error.message);
    task.failedToStart(error.message);
    return error.status;
  } finally {
    await acknowledged(sink);
  }
}

/** Returns the change that creates the task. */
function creationOf(options: RunOptions): CreateChange {
  const { command, showsCommand } = options;
  const [program = "", ...args] = command;
  const metadata: JsonObject = {
    command: showsCommand
      ? truncate(command.map(shellQuote).join(" "), MAX_COMMAND_LENGTH)
      : truncate(program, MAX_PROGRAM_LENGTH),
    arguments: args.length,
    ...(showsCommand && { folder: truncate(Deno.cwd(), MAX_COMMAND_LENGTH) }),
    ...hostOf(),
  };
  return createChange({
    name: truncate(options.name, LIMITS.nameLength),
    metadata,
    tags: options.tags,
    parent_id: options.parentId,
    stale_after: options.staleAfter,
  });
}

/** Returns the name of this machine, if Deno's permissions allow reading it. */
function hostOf(): { readonly host?: string } {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "hostname" });
  return state === "granted" ? { host: Deno.hostname() } : {};
}

/** Waits until the server has acknowledged the task's end, but only briefly, so as not to delay the exit. */
async function acknowledged(sink: RemoteSink): Promise<void> {
  await withTimeout(sink.delivered(), ACKNOWLEDGE_MS);
}
