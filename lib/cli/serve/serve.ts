// deno-lint-ignore-file no-console -- this is the program, and speaking is its part
/**
 * `taskscope serve`: from options to a running server, and to its end.
 *
 * @module
 */

import { resolveAccess } from "../../config.ts";
import { demoTasks } from "../../demo/mod.ts";
import { readVariable } from "../../environment.ts";
import { createMonitor, type Monitor, type TaskDefinition } from "../../mod.ts";
import { EXIT, messageOf } from "../command.ts";
import { Log } from "./log.ts";
import { defaultDataFile, loopbackHosts, parseServe, serveHelp, type ServeOptions } from "./serve_options.ts";

/** How long a shutdown may take, in milliseconds. */
const SHUTDOWN_MS = 5_000;

/**
 * Signals within so many milliseconds are one: of a Ctrl-C under `deno task`, we hear from the terminal and from the task
 * runner, which passes it on.
 */
const SAME_SIGNAL_MS = 250;

/**
 * Serves until a signal ends it.
 *
 * @param args the arguments behind the command
 * @returns the status to end with
 * @throws {ConfigError} where the command line is wrong
 * @throws {Error} where what it asks for can't be done: the port is in use, a module does not load
 */
export async function serveCommand(args: readonly string[]): Promise<number> {
  const options = parseServe(args, readVariable);
  if (options === null) {
    console.log(serveHelp());
    return EXIT.ok;
  }
  const log = new Log({ format: options.logFormat, level: options.logLevel, write: console.error });
  // What `run` needs, and nobody here.
  await Deno.permissions.revoke({ name: "run" });
  const tasks = { ...options.withDemo ? demo(options.root) : {}, ...await modulesOf(options.taskModules) };
  // A task that goes wrong in a corner nobody awaits must not end the others.
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.error("left_behind", event.reason);
  });

  const server = listen(options, (request, info) => monitor.fetch(request, info));
  const { port } = server.addr;
  const monitor = createMonitor({
    ...options,
    tasks,
    data: dataFile(options),
    // The address is known only now, as the port may have been 0.
    allowedHosts: loopbackHosts(options.host, port),
    onError: (error) => log.error("unexpected", error),
    onNotice: (text) => log.warn("notice", text),
  });
  const name = options.host.includes(":") ? `[${options.host}]` : options.host;
  const address = `${options.tls === null ? "http" : "https"}://${name}:${port}${
    resolveAccess(options).basePath
  }/`;
  const publicUrl = options.publicUrls[0];
  console.log(
    `Taskscope shows tasks at ${
      publicUrl === undefined ? address : `${publicUrl}, and listens at ${address}`
    }`,
  );
  const ended = endOfSignal(server, monitor, log);
  // A server that fails says so.
  return await Promise.race([ended, server.finished.then(() => ended)]);
}

function listen(
  options: ServeOptions,
  handler: Deno.ServeHandler<Deno.NetAddr>,
): Deno.HttpServer<Deno.NetAddr> {
  const { host: hostname, port, tls } = options;
  const certificate = tls === null ? {} : { cert: pem(tls.cert, "--cert"), key: pem(tls.key, "--tls-key") };
  try {
    return Deno.serve({ hostname, port, ...certificate, onListen: () => {} }, handler);
  } catch (cause) {
    if (tls !== null && !(cause instanceof Deno.errors.AddrInUse)) {
      throw new Error(`Cannot serve https with --cert and --tls-key: ${messageOf(cause)}`, { cause });
    }
    if (!(cause instanceof Deno.errors.AddrInUse)) throw cause;
    throw new Error(`Port ${port} of ${hostname} is in use; --port takes another one`, { cause });
  }
}

function pem(file: string, flag: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (cause) {
    throw new Error(`Cannot read the file of ${flag}: ${messageOf(cause)}`, { cause });
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
  if (Deno.build.standalone && /\.[cm]?tsx?$/i.test(url)) {
    throw new Error(
      `Cannot load --tasks "${path}": the executable takes JavaScript, .js or .mjs; ` +
        '"deno bundle --output tasks.js tasks.ts" makes it of TypeScript',
    );
  }
  try {
    return await import(url);
  } catch (cause) {
    throw new Error(`Cannot load --tasks "${path}": ${messageOf(cause)}`, { cause });
  }
}

/** Resolves with the status when a signal has come and everything is shut down. */
function endOfSignal(server: Deno.HttpServer, monitor: Monitor, log: Log): Promise<number> {
  return new Promise((resolve) => {
    let endingSinceMs: number | undefined;
    const end = () => {
      if (endingSinceMs !== undefined) {
        // Who asks twice does not want to wait.
        if (performance.now() - endingSinceMs > SAME_SIGNAL_MS) Deno.exit(EXIT.interrupted);
        return;
      }
      endingSinceMs = performance.now();
      shutDown(server, monitor, log).then((isStored) => resolve(isStored ? EXIT.ok : EXIT.failed));
    };
    Deno.addSignalListener("SIGINT", end);
    // Windows knows no SIGTERM.
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", end);
  });
}

/** Ends in order and in time; gives back whether everything was stored. */
async function shutDown(server: Deno.HttpServer, monitor: Monitor, log: Log): Promise<boolean> {
  let isStored = false;
  const ended = monitor.shutdown()
    .then(() => isStored = true, (error) => log.error("not_stored", messageOf(error)))
    // Last, as it closes sockets, which are to see how tasks end. A reader that is stuck holds it up for ever.
    .then(() => server.shutdown());
  const tooLate = new Promise<void>((resolve) => setTimeout(resolve, SHUTDOWN_MS));
  await Promise.race([ended, tooLate]);
  return isStored;
}
