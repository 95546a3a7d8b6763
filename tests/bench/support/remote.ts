/**
 * Controls the process to measure over a separate WebSocket, which is not measured.
 *
 * @module
 */

import { WrongWorkError } from "./harness.ts";

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** The functions that a process offers as commands, by name. */
export interface Commands {
  readonly [command: string]: (argument: never) => unknown;
}

/** A child process that serves commands; disposal kills it. */
export class Remote implements AsyncDisposable {
  /** The port of the server to measure; 0 if the process has none. */
  readonly port: number;
  readonly #process: Deno.ChildProcess;
  readonly #socket: WebSocket;
  readonly #calls: Map<number, PromiseWithResolvers<unknown>> = new Map();
  #newestId = 0;

  private constructor(process: Deno.ChildProcess, socket: WebSocket, port: number) {
    this.#process = process;
    this.#socket = socket;
    this.port = port;
    socket.onmessage = ({ data }) => this.#answered(JSON.parse(data));
    socket.onclose = () => {
      for (const call of this.#calls.values()) call.reject(new WrongWorkError("The measured process ended"));
    };
  }

  /**
   * Starts a process that runs a module.
   *
   * @param module the name of a module in `servers/` that calls {@linkcode serveCommands}
   * @param args the arguments of the module
   * @returns the process, ready for commands
   */
  static async start(module: string, args: readonly string[] = []): Promise<Remote> {
    const url = new URL(`../servers/${module}`, import.meta.url).href;
    const permissions = [
      "--no-prompt",
      "--allow-net=127.0.0.1",
      "--allow-read",
      "--allow-write",
      "--allow-sys",
      "--allow-env",
    ];
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", ...permissions, "--v8-flags=--expose-gc", url, ...args],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const { control, port } = await firstLineOf(process.stdout);
    const socket = new WebSocket(`ws://127.0.0.1:${control}`);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    return new Remote(process, socket, port);
  }

  /** The id of the process. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Runs a command in the process and returns its result. */
  call<Result>(command: string, argument: unknown = null): Promise<Result> {
    const call = Promise.withResolvers<unknown>();
    this.#calls.set(++this.#newestId, call);
    this.#socket.send(JSON.stringify({ id: this.#newestId, command, argument }));
    return call.promise as Promise<Result>;
  }

  /** Runs a command in the process without waiting for its result. */
  tell(command: string, argument: unknown = null): void {
    this.#socket.send(JSON.stringify({ id: 0, command, argument }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    this.#socket.onclose = null;
    this.#socket.close();
  }

  #answered({ id, result, error }: Answer): void {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (error === undefined) call?.resolve(result);
    else call?.reject(new WrongWorkError(error));
  }
}

/**
 * Runs inside the process, and serves the calls of its {@linkcode Remote}.
 *
 * @param commands the functions that can be called
 * @param port the port of the server to measure; 0 if there is none
 */
export function serveCommands(commands: Commands, port = 0): void {
  Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: (address) => {
      const line = JSON.stringify({ control: address.port, port });
      Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
    },
  }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
    socket.onmessage = ({ data }) => void obey(commands, socket, data);
    // The socket is closed when the benchmark's process has ended.
    socket.onclose = () => Deno.exit(0);
    return response;
  });
}

async function obey(commands: Commands, socket: WebSocket, message: string): Promise<void> {
  const { id, command, argument } = JSON.parse(message);
  try {
    const result = await commands[command]!(argument as never);
    if (id !== 0) socket.send(JSON.stringify({ id, result }));
  } catch (error) {
    socket.send(JSON.stringify({ id, error: String(error) }));
  }
}

async function firstLineOf(stream: ReadableStream<Uint8Array>): Promise<{ control: number; port: number }> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stream) {
    text += decoder.decode(bytes, { stream: true });
    // The process prints only this line.
    if (text.endsWith("\n")) return JSON.parse(text);
  }
  throw new WrongWorkError("The measured process ended before it listened");
}
