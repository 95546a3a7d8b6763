/**
 * `taskscope run`: runs a command, and shows it as a task.
 *
 * @module
 */

import { readVariable } from "../../environment.ts";
import { LIMITS } from "../../task/grammar.ts";
import { RemoteSink } from "../../remote/remote_sink.ts";
import type { ReportSink } from "../../reporter/report_sink.ts";
import { truncate } from "../../task/truncate.ts";
import type { CreateChange, JsonObject } from "../../task/task.ts";
import { monotonicUlid } from "../../ulid.ts";
import { messageOf } from "../command.ts";
import { note } from "../terminal.ts";
import { CommandTask } from "./command_task.ts";
import { quoted } from "./pseudo_terminal.ts";
import { parseRun, runHelp, type RunOptions } from "./run_options.ts";
import { type RunningCommand, startCommand, StartError } from "./running_command.ts";

/** The status where we failed and not the command. */
const OWN_FAILURE_STATUS = 125;
/** How long the end waits to be acknowledged by the server, in milliseconds. */
const ACKNOWLEDGE_MS = 2_000;
/** Characters of a command line that are shown. */
const SHOWN_COMMAND_LENGTH = 4_000;

/** What `run` needs of its surroundings. */
export interface RunEnvironment {
  /** Reads an environment variable. */
  readonly readVariable: (name: string) => string | undefined;
  /**
   * Opens the way to a server.
   *
   * @param target its address, and the key
   * @param warn says something to the user
   */
  readonly connect: (
    target: Pick<RunOptions, "server" | "key">,
    warn: (message: string) => void,
  ) => ReportSink & Disposable;
}

const ENVIRONMENT: RunEnvironment = {
  readVariable,
  connect: ({ server, key }, warn) => new RemoteSink(server, { key, warn }),
};

/**
 * Runs a command as a task.
 *
 * @param args the arguments behind `run`
 * @param environment what it needs of its surroundings
 * @returns the status to end with: the command's own, or 125 to 127 where it could not be run
 */
export async function runCommand(
  args: readonly string[],
  environment: RunEnvironment = ENVIRONMENT,
): Promise<number> {
  try {
    const options = parseRun(args, environment.readVariable);
    if (options !== null) return await run(options, environment);
    // deno-lint-ignore no-console -- this is what was asked for
    console.log(runHelp());
    return 0;
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
  const task = new CommandTask(sink, key, createOf(options), {
    onCancel: () => {
      isCancelled = true;
      running?.stop();
    },
    // What ends then is the server, and not the command.
    onInterrupt: () => {},
    warn,
    // A terminal has but one output.
    errorOutput: options.hasOwnTerminal ? "stdout" : "stderr",
  });
  try {
    running = await startCommand({
      ...options,
      readVariable: environment.readVariable,
      onOutput: (output, bytes) => task.heard(output, bytes),
      warn,
    });
    task.started();
    if (isCancelled) running.stop();
    const end = await running.ended;
    task.ended(end);
    return end.status;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    // There is no command that could say it.
    note(error.message);
    task.notRun(error.message);
    return error.status;
  } finally {
    await acknowledged(sink);
  }
}

/** What the task is created with. */
function createOf(options: RunOptions): CreateChange {
  const { command, showsCommand } = options;
  const [program = "", ...args] = command;
  const metadata: JsonObject = {
    command: showsCommand
      ? truncate(command.map(quoted).join(" "), SHOWN_COMMAND_LENGTH)
      : truncate(program, 200),
    arguments: args.length,
  };
  return {
    type: "create",
    name: truncate(options.name, LIMITS.nameLength),
    metadata,
    tags: options.tags,
    parent_id: null,
    weight: 1,
    attempt: 1,
    retry_of: null,
    retryable: false,
    stale_after: options.staleAfter,
  };
}

/** Waits until the end is known to the server, but not for long: the command has ended, and somebody waits for that. */
async function acknowledged(sink: ReportSink): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<void>((resolve) => timer = setTimeout(resolve, ACKNOWLEDGE_MS));
  await Promise.race([sink.settled().catch(() => {}), tooLate]);
  clearTimeout(timer);
}
