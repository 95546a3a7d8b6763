// deno-lint-ignore-file no-console -- this is the program, and speaking is its part
/**
 * The program: from arguments and environment to a running server.
 *
 * @module
 */

import { defaultDataFile, loopbackHosts, parseServe, serveHelp, type ServeOptions } from "./lib/cli/serve.ts";
import { resolveAccess } from "./lib/config.ts";
import { demoTasks } from "./lib/demo/mod.ts";
import { readVariable } from "./lib/environment.ts";
import { createMonitor, type Monitor, type TaskDefinition } from "./lib/mod.ts";
import { VERSION } from "./lib/version.ts";

/** How long a shutdown may take, in milliseconds. */
const SHUTDOWN_MS = 5_000;

/**
 * Signals within so many milliseconds are one: of a Ctrl-C under `deno task`, we hear from the terminal and from the task
 * runner, which passes it on.
 */
const SAME_SIGNAL_MS = 250;

/** The status of a program that was called wrongly. */
const USAGE_STATUS = 2;

if (import.meta.main) await main(Deno.args);

async function main(args: readonly string[]): Promise<void> {
  const [command, ...rest] = args[0] === undefined || args[0].startsWith("-") ? ["serve", ...args] : args;
  if (rest.includes("--version")) return console.log(`taskscope ${VERSION}`);
  try {
    if (command !== "serve") throw new Error(`There is no command "${command}"; --help lists what there is`);
    const options = parseServe(rest, readVariable);
    if (options === null) return console.log(serveHelp());
    await serve(options);
  } catch (error) {
    // What was asked for can't be done; a stack would hide why.
    console.error(`taskscope: ${messageOf(error)}`);
    Deno.exit(USAGE_STATUS);
  }
}

async function serve(options: ServeOptions): Promise<void> {
  const tasks = { ...options.withDemo ? demo(options.root) : {}, ...await modulesOf(options.taskModules) };
  // A task that goes wrong in a corner nobody awaits must not end the others.
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    console.error("taskscope: a task left an error behind:", event.reason);
  });

  const server = listen(options, (request) => monitor.fetch(request));
  const { port } = server.addr;
  const monitor = createMonitor({
    ...options,
    tasks,
    data: dataFile(options),
    // The address is known only now, as the port may have been 0.
    allowedHosts: loopbackHosts(options.host, port),
    onNotice: (text) => console.error(`taskscope: ${text}`),
  });
  const name = options.host.includes(":") ? `[${options.host}]` : options.host;
  const address = `http://${name}:${port}${resolveAccess(options).basePath}/`;
  const publicUrl = options.publicUrls[0];
  console.log(
    `Taskscope shows tasks at ${
      publicUrl === undefined ? address : `${publicUrl}, and listens at ${address}`
    }`,
  );
  endOnSignal(server, monitor);
  await server.finished;
}

function listen(
  options: ServeOptions,
  handler: Deno.ServeHandler<Deno.NetAddr>,
): Deno.HttpServer<Deno.NetAddr> {
  const { host: hostname, port } = options;
  try {
    return Deno.serve({ hostname, port, onListen: () => {} }, handler);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AddrInUse)) throw cause;
    throw new Error(`Port ${port} of ${hostname} is in use; --port takes another one`, { cause });
  }
}

/** The file to keep tasks in. Our own folder is made; that of a file which somebody names has to be there. */
function dataFile({ data, port }: ServeOptions): string {
  if (data !== undefined) return data;
  const file = defaultDataFile(port, Deno.build.os, readVariable);
  if (file !== ":memory:") makeFolderOf(file);
  return file;
}

function makeFolderOf(file: string): void {
  const folder = file.replace(/[\\/][^\\/]*$/, "");
  try {
    // What tasks say is nobody else's business.
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new Error(`Cannot make the folder "${folder}": ${messageOf(cause)}; --data names another file`, {
      cause,
    });
  }
}

function demo(root: string): Record<string, TaskDefinition> {
  return Object.fromEntries(
    [...demoTasks({ root })].map(([name, { fn, title, description, input }]) => {
      return [name, { fn, input: { title, description, ...input } }];
    }),
  );
}

/** The exported functions of modules. */
async function modulesOf(paths: readonly string[]): Promise<Record<string, TaskDefinition>> {
  const tasks: Record<string, TaskDefinition> = {};
  for (const path of paths) {
    const base = `file://${Deno.cwd()}/`;
    const module = await load(path, URL.parse(path)?.href ?? new URL(path, base).href);
    const functions = Object.entries(module).filter(([, value]) => typeof value === "function");
    if (functions.length === 0) throw new Error(`--tasks "${path}" exports no function`);
    for (const [name, value] of functions) tasks[name] = value as TaskDefinition;
  }
  return tasks;
}

async function load(path: string, url: string): Promise<Record<string, unknown>> {
  try {
    return await import(url);
  } catch (cause) {
    throw new Error(`Cannot load --tasks "${path}": ${messageOf(cause)}`, { cause });
  }
}

function endOnSignal(server: Deno.HttpServer, monitor: Monitor): void {
  let endingSinceMs: number | undefined;
  const end = () => {
    if (endingSinceMs !== undefined) {
      // Who asks twice does not want to wait.
      if (performance.now() - endingSinceMs > SAME_SIGNAL_MS) Deno.exit(130);
      return;
    }
    endingSinceMs = performance.now();
    shutDown(server, monitor).then((isStored) => Deno.exit(isStored ? 0 : 1))
      // Under --watch the process goes on, and this can't be reached.
      .catch(() => {});
  };
  Deno.addSignalListener("SIGINT", end);
  // Windows knows no SIGTERM.
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", end);
}

/** Ends in order and in time; gives back whether everything was stored. */
async function shutDown(server: Deno.HttpServer, monitor: Monitor): Promise<boolean> {
  let isStored = false;
  const ended = monitor.shutdown()
    .then(() => isStored = true, (error) => console.error(`taskscope: ${messageOf(error)}`))
    // Last, as it closes sockets, which are to see how tasks end. A reader that is stuck holds it up for ever.
    .then(() => server.shutdown());
  const tooLate = new Promise<void>((resolve) => setTimeout(resolve, SHUTDOWN_MS));
  await Promise.race([ended, tooLate]);
  return isStored;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
