/**
 * A command that runs as a child of ours: its output passes through, signals are passed on.
 *
 * @module
 */

import { messageOf } from "../command.ts";
import type { CommandEnd, OutputName } from "./command_task.ts";
import { findProgram } from "./find_program.ts";
import { Passage } from "./passage.ts";
import { listProcesses, signalProcess } from "./processes.ts";
import { type CommandLine, inPseudoTerminal } from "./pseudo_terminal.ts";
import { SignalRelay } from "./signal_relay.ts";
import { Stopper } from "./stopper.ts";

/** A command that could not be started. The message names it and says why. */
export class StartError extends Error {
  /** The name of the class. */
  override readonly name = "StartError";
  /** The status to end with, as env(1) and nohup(1) do. */
  readonly status: number;

  /**
   * Says why.
   *
   * @param status 125 where we can't, 126 where the command can't be executed, 127 where there is none
   * @param message what can't be done and why, in one line
   * @param options the cause
   */
  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** What to run, and how. */
export interface RunningCommandOptions {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Whether it gets a terminal of its own. */
  readonly hasOwnTerminal: boolean;
  /** How long it may take to end when it is asked to, in milliseconds. */
  readonly graceMs: number;
  readonly readVariable: (name: string) => string | undefined;
  /** It has written something, which has been brought to where it was meant for. */
  readonly onOutput: (output: OutputName, bytes: Uint8Array) => void;
  readonly warn: (message: string) => void;
}

/**
 * Starts a command.
 *
 * @param options what to run, and how
 * @returns the command, which runs
 * @throws {StartError} where it can't be run
 */
export async function startCommand(options: RunningCommandOptions): Promise<RunningCommand> {
  const { command, hasOwnTerminal, readVariable } = options;
  await checkProgram(command[0]!, readVariable);
  const line = hasOwnTerminal
    ? await terminalLine(command, readVariable)
    : { program: command[0]!, args: command.slice(1) };
  return new RunningCommand(spawn(line), options);
}

/** A command that runs. */
export class RunningCommand {
  /** Resolves when it has ended, and what it wrote has been brought over. */
  readonly ended: Promise<CommandEnd>;
  readonly #child: Deno.ChildProcess;
  readonly #options: RunningCommandOptions;
  readonly #stopper: Stopper;
  readonly #relay: SignalRelay;
  #isOver = false;

  /**
   * @param child the process, with both of its outputs piped
   * @param options what to do with it
   */
  constructor(child: Deno.ChildProcess, options: RunningCommandOptions) {
    this.#child = child;
    this.#options = options;
    this.#stopper = new Stopper(child.pid, { graceMs: options.graceMs, isWrapper: options.hasOwnTerminal });
    this.#relay = new SignalRelay({
      // The keyboard of the command's own terminal is not ours.
      hasTerminal: !options.hasOwnTerminal && isInTerminal(),
      relay: (signal) => void this.#pass(signal),
    });
    this.ended = this.#run();
  }

  /** Asks it to stop, and in the end makes it. */
  stop(): void {
    if (!this.#isOver) void this.#stopper.stop();
  }

  async #run(): Promise<CommandEnd> {
    using _signals = this.#relay.listen(Deno.build.os);
    using stopper = this.#stopper;
    const passages = [this.#passage("stdout"), this.#passage("stderr")];
    const all = Promise.all(passages.map(({ done }) => done));
    const { code, signal } = await this.#child.status;
    this.#isOver = true;
    stopper.rootEnded();
    const wasStopped = stopper.hasAsked;
    // What it had started is to end, too, and has as much time for it.
    if (wasStopped) await Promise.race([all, stopper.overdue]);
    for (const passage of passages) passage.finish();
    await all;
    return { status: code, signal, wasCancelled: wasStopped || this.#wasEndedBySignal(code) };
  }

  #passage(name: OutputName): Passage {
    const { onOutput, warn } = this.#options;
    return new Passage(this.#child[name], Deno[name], {
      onBytes: (bytes) => {
        try {
          onOutput(name, bytes);
        } catch (error) {
          // Whatever goes wrong with what is shown, the command is not to notice.
          warn(`Cannot read the command's output: ${messageOf(error)}`);
        }
      },
      onFailure: (error) => warn(`Cannot write the command's output to ${name}: ${messageOf(error)}`),
    });
  }

  /** Whether it ended because of a signal that came to us: somebody on this side wanted that. */
  #wasEndedBySignal(status: number): boolean {
    const { heard } = this.#relay;
    if (heard.has("SIGTERM")) return true;
    // Some take Ctrl-C for something else, and end well, but later.
    if ((heard.has("SIGINT") || heard.has("SIGQUIT")) && status !== 0) return true;
    if (heard.has("SIGHUP") && status === 129) return true;
    // Its terminal made a signal of our keyboard's Ctrl-C, which we did not hear.
    return this.#options.hasOwnTerminal && Deno.stdin.isTerminal() && status === 130;
  }

  async #pass(signal: Deno.Signal): Promise<void> {
    if (this.#isOver) return;
    // script(1) would end by itself, and leave it to chance what becomes of the command.
    const children = this.#options.hasOwnTerminal
      ? (await listProcesses()).filter(({ parent }) => parent === this.#child.pid)
      : [];
    const pids = children.length > 0 ? children.map(({ pid }) => pid) : [this.#child.pid];
    if (!this.#isOver) { for (const pid of pids) signalProcess(pid, signal); }
  }
}

/** Says in words what could only be seen by a status otherwise. */
async function checkProgram(
  program: string,
  readVariable: (name: string) => string | undefined,
): Promise<void> {
  if (Deno.build.os === "windows") return;
  const finding = await findProgram(program, readVariable("PATH"));
  if (finding === "missing") throw missing(program);
  if (finding === "not_executable") throw notExecutable(program);
}

async function terminalLine(
  command: readonly string[],
  readVariable: (name: string) => string | undefined,
): Promise<CommandLine> {
  const line = inPseudoTerminal(command, {
    os: Deno.build.os,
    hasTerminal: Deno.stdin.isTerminal(),
    shell: readVariable("SHELL"),
  });
  if (line === null) throw new StartError(125, `There is no --pty on ${Deno.build.os}`);
  if (await findProgram(line.program, readVariable("PATH")) !== "missing") return line;
  throw new StartError(125, "--pty needs script(1), which is not here; it is part of util-linux");
}

function spawn(line: CommandLine): Deno.ChildProcess {
  const { program, args } = line;
  // Deno starts a program by its whole path, which many show in what they write; env(1) by the name that was given. What
  // it would take for something else is started without it.
  const canBeNamed = Deno.build.os !== "windows" && !/^-|=/.test(program);
  if (!canBeNamed) return spawnPlainly(line);
  try {
    return spawnPlainly({ ...line, program: "env", args: [program, ...args] });
  } catch (error) {
    if (error instanceof StartError && error.status === 127) return spawnPlainly(line);
    throw error;
  }
}

function spawnPlainly({ program, args, env }: CommandLine): Deno.ChildProcess {
  try {
    return new Deno.Command(program, {
      args: [...args],
      ...(env !== undefined && { env }),
      stdin: "inherit",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) throw missing(program, { cause });
    if (cause instanceof Deno.errors.NotCapable) {
      throw new StartError(125, `Cannot run "${program}": running programs is not permitted here`, { cause });
    }
    throw notExecutable(program, { cause });
  }
}

function missing(program: string, options?: ErrorOptions): StartError {
  return new StartError(127, `Cannot run "${program}": there is no such command`, options);
}

function notExecutable(program: string, options?: ErrorOptions): StartError {
  const why = options === undefined ? "it can't be executed" : messageOf(options.cause);
  return new StartError(126, `Cannot run "${program}": ${why}`, options);
}

/** Whether somebody sits in front of us whose Ctrl-C everybody in the foreground gets. */
function isInTerminal(): boolean {
  return [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal());
}
