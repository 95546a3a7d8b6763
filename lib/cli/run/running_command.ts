/**
 * Runs a command as a child process: copies its output to this process's output, and forwards signals to it.
 *
 * @module
 */

import { randomId } from "../../random_id.ts";
import { withTimeout } from "../../timeout.ts";
import { messageOf } from "../command.ts";
import { commandEnvironment, type CommandEnvironmentOptions } from "./command_environment.ts";
import type { CommandEnd } from "./command_task.ts";
import type { OutputName } from "./output_pipe.ts";
import { findProgram } from "./find_program.ts";
import { OutputPipe } from "./output_pipe.ts";
import { Keyboard } from "./keyboard.ts";
import { listProcesses, signalProcess } from "./processes.ts";
import { inPseudoTerminal, type Invocation } from "./pseudo_terminal.ts";
import { SignalRelay } from "./signal_relay.ts";
import { Stopper } from "./stopper.ts";
import type { Usage } from "./usage_meter.ts";
import { UsageSampler } from "./usage_sampler.ts";

/** The time without output after the command's exit, in milliseconds, after which all its output counts as read. */
const DRAIN_MS = 500;
/** The longest wait for such a pause in the output, in milliseconds: other processes may write without a pause. */
const MAX_DRAIN_MS = 5_000;
/**
 * The time without output, in milliseconds, after which the output of processes that outlive the command is no longer
 * passed on.
 */
const SILENCE_MS = 1_500;

/** Thrown if a command could not be started. The message names the command and the reason. */
export class StartError extends Error {
  /** The name of the class. */
  override readonly name = "StartError";
  /** The exit status, with the same meaning as for env(1) and nohup(1). */
  readonly status: number;

  /**
   * Creates an error.
   *
   * @param status 125 if taskscope failed, 126 if the command cannot be executed, 127 if it was not found
   * @param message what failed and why, in one line
   * @param options the cause
   */
  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** Options of {@linkcode startCommand}. */
export interface RunningCommandOptions extends Omit<CommandEnvironmentOptions, "mark"> {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Whether to run the command in a pseudo-terminal. */
  readonly usesPty: boolean;
  /** Milliseconds between SIGTERM and SIGKILL when the command is stopped. */
  readonly graceMs: number;
  /** Whether to pass output on until all processes have closed it, instead of until there was none for 1.5 s. */
  readonly waitsForOutput: boolean;
  /** Called with output of the command as soon as it was read, even if it cannot be copied yet. */
  readonly onOutput: (output: OutputName, bytes: Uint8Array) => void;
  /** Called with the CPU and memory that the command uses, on Linux; `null` if they are not measured. */
  readonly onUsage: ((usage: Usage) => void) | null;
  readonly warn: (message: string) => void;
}

/**
 * Starts a command.
 *
 * @param options the command, whether to run it in a pseudo-terminal, and callbacks
 * @returns the running command
 * @throws {StartError} if the command cannot be run
 */
export async function startCommand(options: RunningCommandOptions): Promise<RunningCommand> {
  const { command, usesPty, readVariable } = options;
  await checkProgram(command[0]!, readVariable);
  const line = usesPty
    ? await pseudoTerminalInvocation(command, readVariable)
    : { program: command[0]!, args: command.slice(1) };
  const mark = randomId();
  const env = { ...line.env, ...commandEnvironment({ mark, ...options }) };
  return new RunningCommand(spawn({ ...line, env }), mark, options);
}

/** A command that is running. */
export class RunningCommand {
  /** Resolves once the command has exited and its output has been read, even if it has not all been copied yet. */
  readonly ended: Promise<CommandEnd>;
  /**
   * Resolves once all output has been copied, and all processes that the command started have closed its output, or
   * have not written for 1.5 s (unless `waitsForOutput` is set). If the command was stopped, this first waits until
   * these processes have exited.
   */
  readonly closed: Promise<void>;
  readonly #child: Deno.ChildProcess;
  readonly #options: RunningCommandOptions;
  readonly #stopper: Stopper;
  readonly #usage: UsageSampler | null;
  readonly #relay: SignalRelay;
  readonly #signals: Disposable;
  readonly #pipes: readonly OutputPipe[];
  #hasExited = false;

  /**
   * @param child the process, with stdout and stderr piped
   * @param mark the mark in the environment of the process
   * @param options the options that the command was started with
   */
  constructor(child: Deno.ChildProcess, mark: string, options: RunningCommandOptions) {
    this.#child = child;
    this.#options = options;
    this.#stopper = new Stopper(child.pid, { graceMs: options.graceMs, isWrapper: options.usesPty, mark });
    const { onUsage } = options;
    this.#usage = onUsage === null ? null : new UsageSampler(child.pid, { mark, onUsage });
    this.#relay = new SignalRelay({
      // In a pseudo-terminal, the command does not get the keyboard signals of the terminal that this process
      // runs in.
      keyboard: !options.usesPty && isInTerminal() ? new Keyboard() : null,
      relay: (signal) => void this.#forward(signal),
    });
    this.#signals = this.#relay.listen(Deno.build.os);
    this.#pipes = [this.#pipe("stdout"), this.#pipe("stderr")];
    this.ended = this.#run();
    this.closed = this.ended.then(() => this.#close());
  }

  /** The pid of the command; if it runs in a pseudo-terminal, the pid of script(1). */
  get pid(): number {
    return this.#child.pid;
  }

  /** Stops the command with SIGTERM, and with SIGKILL after the grace period. */
  stop(): void {
    if (!this.#hasExited) void this.#stopper.stop();
  }

  async #run(): Promise<CommandEnd> {
    const { code, signal } = await this.#child.status;
    this.#hasExited = true;
    this.#stopper.rootEnded();
    this.#usage?.stop();
    const wasStopped = this.#stopper.hasSignalled;
    // If a signal is sent to the whole process group, the command may end before this process notices the signal.
    if (signal !== null && !wasStopped) await this.#relay.whenReceived(signal as Deno.Signal);
    // The command's last output may still be in the pipes, and other processes may keep the pipes open.
    await withTimeout(Promise.all(this.#pipes.map((pipe) => pipe.drained(DRAIN_MS))), MAX_DRAIN_MS);
    return { status: code, signal, wasCancelled: wasStopped || this.#wasEndedBySignal(code) };
  }

  async #close(): Promise<void> {
    using _signals = this.#signals;
    using stopper = this.#stopper;
    // A user who sends a signal now does not want to wait for the output of other processes.
    const closePipes = () => this.#pipes.forEach((pipe) => pipe.close());
    this.#relay.commandEnded(closePipes);
    if (stopper.hasSignalled) await stopper.finished();
    if (stopper.hasSignalled || !this.#options.waitsForOutput) {
      await Promise.all(this.#pipes.map((pipe) => pipe.silent(SILENCE_MS)));
      closePipes();
    }
    await Promise.all([...this.#pipes.map(({ done }) => done), this.#usage?.done]);
  }

  #pipe(name: OutputName): OutputPipe {
    const { onOutput, warn } = this.#options;
    return new OutputPipe(this.#child[name], Deno[name], {
      onBytes: (bytes) => {
        try {
          onOutput(name, bytes);
        } catch (error) {
          // An error in reporting must not affect the command.
          warn(`Cannot read the command's output: ${messageOf(error)}`);
        }
      },
      onFailure: (error) => warn(`Cannot write the command's output to ${name}: ${messageOf(error)}`),
    });
  }

  /** Returns whether the command ended because of a signal that the user sent to this process. */
  #wasEndedBySignal(status: number): boolean {
    const { received } = this.#relay;
    if (received.has("SIGTERM")) return true;
    // Some programs handle Ctrl-C themselves and later finish with status 0.
    if ((received.has("SIGINT") || received.has("SIGQUIT")) && status !== 0) return true;
    if (received.has("SIGHUP") && status === 129) return true;
    // A pseudo-terminal turns Ctrl-C into SIGINT for the command only; 130 is 128 + SIGINT.
    return this.#options.usesPty && Deno.stdin.isTerminal() && status === 130;
  }

  async #forward(signal: Deno.Signal): Promise<void> {
    if (this.#hasExited) return;
    // The signal goes to the command itself: script(1) would exit on it, and the command might keep running.
    const children = this.#options.usesPty
      ? (await listProcesses()).filter(({ parent }) => parent === this.#child.pid)
      : [];
    const pids = children.length > 0 ? children.map(({ pid }) => pid) : [this.#child.pid];
    if (!this.#hasExited) { for (const pid of pids) signalProcess(pid, signal); }
  }
}

/**
 * Checks the program before it is started, because env(1) would report these errors by its exit status only.
 */
async function checkProgram(
  program: string,
  readVariable: (name: string) => string | undefined,
): Promise<void> {
  if (Deno.build.os === "windows") return;
  const finding = await findProgram(program, readVariable("PATH"));
  if (finding === "missing") throw missing(program);
  if (finding === "not_executable") throw notExecutable(program);
}

async function pseudoTerminalInvocation(
  command: readonly string[],
  readVariable: (name: string) => string | undefined,
): Promise<Invocation> {
  const line = inPseudoTerminal(command, {
    os: Deno.build.os,
    hasTerminal: Deno.stdin.isTerminal(),
    shell: readVariable("SHELL"),
  });
  if (line === null) throw new StartError(125, `--pty is not supported on ${Deno.build.os}`);
  if (await findProgram(line.program, readVariable("PATH")) !== "missing") return line;
  throw new StartError(125, "--pty needs script(1), which was not found; install util-linux");
}

function spawn(line: Invocation): Deno.ChildProcess {
  const { program, args } = line;
  // Deno passes the resolved path as argv[0], which many programs print in their messages; env(1) passes the
  // given name. A program whose name env(1) would take for an option or an assignment is started directly.
  const canUseEnv = Deno.build.os !== "windows" && !/^-|=/.test(program);
  if (!canUseEnv) return spawnDirectly(line);
  try {
    return spawnDirectly({ ...line, program: "env", args: [program, ...args] });
  } catch (error) {
    if (error instanceof StartError && error.status === 127) return spawnDirectly(line);
    throw error;
  }
}

function spawnDirectly({ program, args, env }: Invocation): Deno.ChildProcess {
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
      throw new StartError(125, `Cannot run "${program}": Deno was not given the permission --allow-run`, {
        cause,
      });
    }
    throw notExecutable(program, { cause });
  }
}

function missing(program: string, options?: ErrorOptions): StartError {
  return new StartError(127, `Cannot run "${program}": command not found`, options);
}

function notExecutable(program: string, options?: ErrorOptions): StartError {
  const why = options === undefined ? "it is not executable" : messageOf(options.cause);
  return new StartError(126, `Cannot run "${program}": ${why}`, options);
}

/**
 * Returns whether this process runs in a terminal, whose Ctrl-C reaches the whole foreground process group,
 * the command included.
 */
function isInTerminal(): boolean {
  return [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal());
}
