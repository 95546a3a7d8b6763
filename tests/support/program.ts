/**
 * The program in a process of its own, run as users run it.
 *
 * @module
 */

import { startFlags } from "../../.tools/start_flags.ts";

/**
 * What is started in the place of the source: the path of an executable that was compiled from it; `undefined` where the
 * source is.
 */
export const EXECUTABLE: string | undefined = Deno.env.get("TASKSCOPE_EXECUTABLE");

const ROOT = new URL("../../", import.meta.url);

/** Where and with what the program runs. */
export interface ProgramOptions {
  /** The working directory; the project's own by default. */
  readonly cwd?: string | URL;
  /** Variables on top of those of this process, of which none that begins with `TASKSCOPE_` is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Flags of `deno run` beside those of the task "start". */
  readonly runFlags?: readonly string[];
}

/** How a program ended, and what it wrote. */
export interface Ended {
  /** The status; where a signal ended it, what shells make of that. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Longest time that a program may take to say where it listens, or to end, in milliseconds. */
const DEADLINE_MS = 30_000;

/** A program that was started. Ended when it is disposed of. */
export class Process implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStream<Uint8Array> | undefined;
  readonly #texts = { stdout: "", stderr: "" };
  readonly #ended: Promise<Ended>;
  readonly #listeners: Set<() => void> = new Set();

  /**
   * @param child a process with both of its outputs piped
   * @param input its input, where that is piped; it stays open until the end
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

  /** What it wrote so far. */
  get stdout(): string {
    return this.#texts.stdout;
  }

  /** What it complained about so far. */
  get stderr(): string {
    return this.#texts.stderr;
  }

  /** Resolves when it has ended; rejects where it does not within 30 s. */
  async ended(): Promise<Ended> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      const what = () => `The program did not end within ${DEADLINE_MS} ms; it wrote ${this.#said()}`;
      timer = setTimeout(() => reject(new Error(what())), DEADLINE_MS);
    });
    return await Promise.race([this.#ended, tooLate]).finally(() => clearTimeout(timer));
  }

  /** Sends it a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Writes to its input, where that is piped. */
  async type(text: string): Promise<void> {
    const writer = this.#input!.getWriter();
    await writer.write(new TextEncoder().encode(text));
    writer.releaseLock();
  }

  /** Resolves with what a pattern finds in one of its outputs; rejects where it ends before, or takes too long. */
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

  /** Ends it: politely, and after a while not. */
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
      // It has ended already.
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
  /** The address that it printed, without the slash at its end. */
  readonly url: string;
  readonly port: number;
}

/**
 * Starts the program with a command line. It keeps tasks in memory where nothing else is said: a test must not write into
 * the folders of whoever runs it. `TASKSCOPE_DATA: ""` gives it its own default back.
 *
 * @param args the arguments of the program
 * @param options where and with what it runs
 * @returns the process
 */
export async function spawnProgram(args: readonly string[], options: ProgramOptions = {}): Promise<Process> {
  const { cwd = ROOT, env = {}, runFlags = [] } = options;
  const variables = { TASKSCOPE_DATA: ":memory:", ...env };
  const [command, ...own] = await programWords(runFlags);
  return spawn(command, [...own, ...args], { cwd, env: variables });
}

/**
 * Starts the program on a terminal of its own; what comes from it is its output, and what is typed its input.
 *
 * @param script the name of script(1)
 * @param args the arguments of the program
 * @param options where and with what it runs, and how large the terminal is
 * @returns the process; it ends with the program's status
 */
export async function spawnOnTerminal(
  script: string,
  args: readonly string[],
  options: ProgramOptions & { readonly columns: number; readonly rows: number },
): Promise<Process> {
  const { columns, rows, runFlags = [], ...others } = options;
  const words = [...await programWords(runFlags), ...args];
  const line = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const command = `stty cols ${columns} rows ${rows}; exec ${line}`;
  return spawn(script, ["-qefc", command, "/dev/null"], { ...others, stdin: "piped" });
}

/** The words of a command line that stand for the program. What is compiled has its flags in it. */
async function programWords(runFlags: readonly string[]): Promise<[string, ...string[]]> {
  if (EXECUTABLE !== undefined) return [EXECUTABLE];
  const flags = withOneV8Flag([...await startFlags(), ...await configFlags(), ...runFlags]);
  return [Deno.execPath(), "run", ...flags, new URL("main.ts", ROOT).pathname];
}

/**
 * The arguments with which Deno runs a module of the tests, in a process of its own.
 *
 * @param path the module, from the project's folder
 * @param permissions what it may do, as flags
 * @returns the arguments, behind which those of the module go
 */
export async function moduleArgs(path: string, permissions: readonly string[]): Promise<string[]> {
  return ["run", "--no-prompt", ...permissions, ...await configFlags(), new URL(path, ROOT).pathname];
}

/** The variables of somebody whose home is another folder, with the modules that are there already. */
export async function envOfHome(home: string): Promise<Record<string, string>> {
  const { stdout } = await spawn(Deno.execPath(), ["info", "--no-config", "--json"]).ended();
  const { denoDir } = JSON.parse(stdout);
  return { HOME: home, XDG_DATA_HOME: "", DENO_DIR: denoDir, TASKSCOPE_DATA: "" };
}

/**
 * Starts the program as a server and waits until it listens.
 *
 * @param args the arguments; `--port 0` where they name no port
 * @param options where and with what it runs
 * @returns the server, to be disposed of
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
 * Runs the program until it ends by itself.
 *
 * @param args the arguments of the program
 * @param options where and with what it runs
 * @returns how it ended
 */
export async function runProgram(args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  await using process = await spawnProgram(args, options);
  return await process.ended();
}

/** Starts any command with its outputs piped. */
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

/** Older Deno takes `--v8-flags` only once. */
function withOneV8Flag(flags: readonly string[]): string[] {
  const name = "--v8-flags=";
  const values = flags.filter((flag) => flag.startsWith(name)).map((flag) => flag.slice(name.length));
  return [...flags.filter((flag) => !flag.startsWith(name)), `${name}${values.join()}`];
}

let oldConfig: Promise<string> | undefined;

/** Older Deno refuses settings of "test" that it does not know: it gets what it does know. */
async function configFlags(): Promise<string[]> {
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  if (major > 2 || minor >= 8) return [];
  // One for all, also for those that are started at once.
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
