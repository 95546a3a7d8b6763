/**
 * Starts Taskscope, or any other program, in a process of its own.
 *
 * @module
 */

import { startFlags } from "../../.tools/start_flags.ts";

/**
 * The path of the compiled executable to test; `undefined` if the tests run the source instead.
 */
export const EXECUTABLE: string | undefined = Deno.env.get("TASKSCOPE_EXECUTABLE");

const ROOT = new URL("../../", import.meta.url);

/** Options of a started program. */
export interface ProgramOptions {
  /** The working directory; the project's folder by default. */
  readonly cwd?: string | URL;
  /** Additional environment variables; those of this process that begin with `TASKSCOPE_` are not inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** Flags of `deno run` in addition to those of `deno task start`. */
  readonly runFlags?: readonly string[];
  /** The maximum number of open files of the program; by default that of this process. */
  readonly maxOpenFiles?: number;
}

/** The exit status and the output of a program. */
export interface Ended {
  /** The exit status; 128 plus the signal's number if a signal ended the program. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How long a test waits for an output or the end of a program, in milliseconds. */
const DEADLINE_MS = 120_000;

/** A started program; disposal terminates it. */
export class Process implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStream<Uint8Array> | undefined;
  readonly #texts = { stdout: "", stderr: "" };
  readonly #ended: Promise<Ended>;
  readonly #listeners: Set<() => void> = new Set();

  /**
   * @param child the process, whose stdout and stderr must be piped
   * @param input the stdin of the process if it is piped; it stays open until disposal
   */
  constructor(child: Deno.ChildProcess, input?: WritableStream<Uint8Array>) {
    this.#child = child;
    this.#input = input;
    const read = [this.#read("stdout"), this.#read("stderr")];
    this.#ended = Promise.all([child.status, ...read]).then(([{ code }]) => ({ code, ...this.#texts }));
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** The text written to stdout so far. */
  get stdout(): string {
    return this.#texts.stdout;
  }

  /** The text written to stderr so far. */
  get stderr(): string {
    return this.#texts.stderr;
  }

  /** Resolves when the program has ended; rejects at the deadline. */
  async ended(): Promise<Ended> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      const what = () => `The program did not end within ${DEADLINE_MS} ms; it wrote ${this.#said()}`;
      timer = setTimeout(() => reject(new Error(what())), DEADLINE_MS);
    });
    return await Promise.race([this.#ended, tooLate]).finally(() => clearTimeout(timer));
  }

  /** Sends the program a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Writes to the program's stdin, which must be piped. */
  async type(text: string): Promise<void> {
    const writer = this.#input!.getWriter();
    await writer.write(new TextEncoder().encode(text));
    writer.releaseLock();
  }

  /** Closes the program's stdin, which must be piped. */
  async closeInput(): Promise<void> {
    await this.#input!.close();
  }

  /** Resolves when the output matches a pattern; rejects if the program ends without a match, or at the deadline. */
  async output(
    pattern: RegExp,
    from: "stdout" | "stderr" = "stdout",
    deadlineMs: number = DEADLINE_MS,
  ): Promise<RegExpExecArray> {
    const found = Promise.withResolvers<RegExpExecArray>();
    const look = () => {
      const match = pattern.exec(this.#texts[from]);
      if (match !== null) found.resolve(match);
    };
    const timer = setTimeout(
      () => found.reject(new Error(`The program never wrote ${pattern}, but ${this.#said()}`)),
      deadlineMs,
    );
    this.#listeners.add(look);
    this.#ended.then(({ code }) => {
      look();
      found.reject(new Error(`The program ended with ${code} before it wrote ${pattern}: ${this.#said()}`));
    });
    look();
    return await found.promise.finally(() => {
      clearTimeout(timer);
      this.#listeners.delete(look);
    });
  }

  /** Terminates the program, and kills it if it has not ended after 7 s. */
  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => this.#signal("SIGKILL"), 7_000);
    this.#signal("SIGTERM");
    await this.#input?.close().catch(() => {});
    await this.#ended;
    clearTimeout(timer);
  }

  #signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // The program has already ended.
    }
  }

  #said(): string {
    return JSON.stringify(this.#texts).slice(0, 4_000);
  }

  async #read(output: "stdout" | "stderr"): Promise<void> {
    for await (const text of this.#child[output].pipeThrough(new TextDecoderStream())) {
      this.#texts[output] += text;
      for (const listener of this.#listeners) listener();
    }
  }
}

/** A server in a process of its own. */
export interface Program extends AsyncDisposable {
  readonly process: Process;
  /** The address that the server printed, without the trailing slash. */
  readonly url: string;
  readonly port: number;
}

/**
 * Starts Taskscope with a command line. Tasks are stored in memory unless the options or arguments say otherwise, because
 * a test must not write into the home folder of the user who runs it; `TASKSCOPE_DATA: ""` selects Taskscope's default.
 *
 * @param args the arguments of Taskscope
 * @param options the working directory, the environment and the flags of Deno
 * @returns the process of Taskscope
 */
export async function spawnProgram(args: readonly string[], options: ProgramOptions = {}): Promise<Process> {
  const { cwd = ROOT, env = {}, runFlags = [], maxOpenFiles } = options;
  const variables = { TASKSCOPE_DATA: ":memory:", ...env };
  const words = await programWords(runFlags);
  const [command, ...own]: readonly [string, ...string[]] = maxOpenFiles === undefined
    ? words
    : ["sh", "-c", `ulimit -n ${maxOpenFiles} && exec "$@"`, "sh", ...words];
  return spawn(command, [...own, ...args], { cwd, env: variables });
}

/**
 * Starts a shell script in which `taskscope` is a function that runs Taskscope; the stdin of the script is piped.
 *
 * @param script the script
 * @param args the arguments of the script
 * @param options the working directory, the environment and the flags of Deno
 * @returns the process of the shell
 */
export async function spawnScript(
  script: string,
  args: readonly string[] = [],
  options: ProgramOptions = {},
): Promise<Process> {
  const words = (await programWords(options.runFlags ?? [])).map(quoted).join(" ");
  const command = `taskscope() { ${words} "$@"; }\n${script}`;
  return spawn("sh", ["-c", command, "sh", ...args], { ...options, stdin: "piped" });
}

/**
 * Starts Taskscope on a pseudo-terminal; the output and input of the process are those of the terminal.
 *
 * @param script the path of script(1)
 * @param args the arguments of Taskscope
 * @param options the working directory, the environment, the flags of Deno and the size of the terminal
 * @returns the process of script(1), which exits with the status of Taskscope
 */
export async function spawnOnTerminal(
  script: string,
  args: readonly string[],
  options: ProgramOptions & { readonly columns: number; readonly rows: number },
): Promise<Process> {
  const { columns, rows, runFlags = [], ...others } = options;
  const words = [...await programWords(runFlags), ...args];
  const line = words.map(quoted).join(" ");
  const command = `stty cols ${columns} rows ${rows}; exec ${line}`;
  return spawn(script, ["-qefc", command, "/dev/null"], { ...others, stdin: "piped" });
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

let starts = 0;

/** Returns how often this process has started Taskscope. */
export function programStarts(): number {
  return starts;
}

/** Returns the command that runs Taskscope; a compiled executable has Deno's flags built in. */
async function programWords(runFlags: readonly string[]): Promise<[string, ...string[]]> {
  starts++;
  if (EXECUTABLE !== undefined) return [EXECUTABLE];
  const flags = withOneV8Flag([...await startFlags(), ...await configFlags(), ...runFlags]);
  return [Deno.execPath(), "run", ...flags, new URL("main.ts", ROOT).pathname];
}

/**
 * Returns the arguments with which Deno runs a module of the tests in a process of its own.
 *
 * @param path the path of the module, relative to the project's folder
 * @param permissions the permissions of the module, as flags
 * @returns the arguments of Deno, to which a caller appends those of the module
 */
export async function moduleArgs(path: string, permissions: readonly string[]): Promise<string[]> {
  return ["run", "--no-prompt", ...permissions, ...await configFlags(), new URL(path, ROOT).pathname];
}

/**
 * Returns the environment of a user with another home folder and Taskscope's default storage, but with the
 * module cache of this process.
 */
export async function envOfHome(home: string): Promise<Record<string, string>> {
  const { stdout } = await spawn(Deno.execPath(), ["info", "--no-config", "--json"]).ended();
  const { denoDir } = JSON.parse(stdout);
  return { HOME: home, XDG_DATA_HOME: "", DENO_DIR: denoDir, TASKSCOPE_DATA: "" };
}

/**
 * Starts Taskscope as a server and waits until it listens.
 *
 * @param args the arguments of Taskscope; `--port 0` is added if neither they nor the environment set a port
 * @param options the working directory, the environment and the flags of Deno
 * @returns the server, which the caller must dispose of
 */
export async function startProgram(
  args: readonly string[] = [],
  options: ProgramOptions = {},
): Promise<Program> {
  const hasPort = args.includes("--port") || options.env?.TASKSCOPE_PORT !== undefined;
  const process = await spawnProgram(hasPort ? args : [...args, "--port", "0"], options);
  try {
    const [, address] = await process.output(/(https?:\/\/[^\s,]+)/);
    const url = address!.replace(/\/$/, "");
    return {
      process,
      url,
      port: Number(new URL(url).port),
      [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
    };
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Runs Taskscope until it ends.
 *
 * @param args the arguments of Taskscope
 * @param options the working directory, the environment and the flags of Deno
 * @returns the exit status and the output
 */
export async function runProgram(args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  await using process = await spawnProgram(args, options);
  return await process.ended();
}

/** Starts any command with stdout and stderr piped. */
export function spawn(
  command: string,
  args: readonly string[],
  options: ProgramOptions & { readonly stdin?: "null" | "piped" } = {},
): Process {
  const { cwd = ROOT, env = {}, stdin = "null" } = options;
  const inherited = Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("TASKSCOPE_"));
  const child = new Deno.Command(command, {
    args: [...args],
    cwd,
    env: { ...Object.fromEntries(inherited), NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env },
    clearEnv: true,
    stdin,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  return new Process(child, stdin === "piped" ? child.stdin : undefined);
}

/** Merges `--v8-flags`, which older Deno accepts only once. */
function withOneV8Flag(flags: readonly string[]): string[] {
  const name = "--v8-flags=";
  const values = flags.filter((flag) => flag.startsWith(name)).map((flag) => flag.slice(name.length));
  return [...flags.filter((flag) => !flag.startsWith(name)), `${name}${values.join()}`];
}

let oldConfig: Promise<string> | undefined;

/** Returns the flags that select a configuration without the key "test", whose settings older Deno rejects. */
async function configFlags(): Promise<string[]> {
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  if (major > 2 || minor >= 8) return [];
  // All processes share one configuration file, even if they are started at the same time.
  oldConfig ??= writeOldConfig();
  return ["--config", await oldConfig, "--lock", new URL("deno.lock", ROOT).pathname];
}

async function writeOldConfig(): Promise<string> {
  const { test: _, ...config } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const file = await Deno.makeTempFile({ prefix: "taskscope-", suffix: ".json" });
  await Deno.writeTextFile(file, JSON.stringify(config));
  globalThis.addEventListener("unload", () => Deno.removeSync(file));
  return file;
}
