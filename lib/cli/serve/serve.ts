// deno-lint-ignore-file no-console -- the CLI writes to the console by design
/**
 * `taskscope serve`: starts a server and runs it until a signal stops it.
 *
 * @module
 */

import { resolveAccess } from "../../config/access_options.ts";
import { resolveLimits } from "../../config/limits.ts";
import { readVariable } from "../../environment.ts";
import { healthBeforeLoad, notLoaded } from "../../http/health_responses.ts";
import { type Monitor, openMonitor } from "../../mod.ts";
import { withTimeout } from "../../timeout.ts";
import { messageOf } from "../command.ts";
import { EXIT } from "../exit_status.ts";
import { defaultDataFile } from "../default_data_file.ts";
import { showHelp } from "../help.ts";
import { Listener } from "./listener.ts";
import { Log } from "./log.ts";
import { MemoryTrimmer } from "./memory_trimmer.ts";
import { SERVE } from "./serve_flags.ts";
import { loopbackHosts, parseServe, type ServeOptions } from "./serve_options.ts";
import { loadTasks } from "./startable_tasks.ts";

/** The maximum duration of a graceful shutdown, in milliseconds; a node of a cluster may take `leaveMs` longer. */
const SHUTDOWN_MS = 8_000;

/**
 * The time in milliseconds within which two signals count as one: Ctrl-C under `deno task` arrives twice,
 * from the terminal and from the task runner, which forwards it.
 */
const SAME_SIGNAL_MS = 250;

/**
 * Runs a server until SIGINT or SIGTERM.
 *
 * @param args the arguments after the command's name
 * @returns the exit status
 * @throws {ConfigError} if the command line is wrong
 * @throws {Error} if the server cannot start, because the port is in use or a module does not load
 */
export async function serveCommand(args: readonly string[]): Promise<number> {
  const options = parseServe(args, readVariable);
  if (options === null) return showHelp(SERVE);
  const log = new Log({ format: options.logFormat, level: options.logLevel, write: console.error });
  // Only `taskscope run` starts processes and reads the hostname, so the server gives up these permissions.
  await Deno.permissions.revoke({ name: "run" });
  await Deno.permissions.revoke({ name: "sys", kind: "hostname" });
  sendWithoutCopies();
  const tasks = await loadTasks(options);
  // An unhandled rejection of one task must not end the process, and with it the other tasks.
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.error("left_behind", event.reason);
  });

  let opened: Monitor | undefined;
  const { basePath } = resolveAccess(options);
  const start = () =>
    listen(options, log, (request, info) => opened?.fetch(request, info) ?? starting(request, basePath));
  // A node of a cluster listens only once it can respond, so that load balancers use other nodes until then.
  let listener = options.advertise === undefined || options.port === 0 ? start() : undefined;
  const port = listener?.port ?? options.port;
  const monitor = opened = await openMonitor({
    ...options,
    tasks,
    data: dataFile(options),
    // The port is known only now, because the requested port may have been 0.
    allowedHosts: loopbackHosts(options.host, port, options.tls !== null),
    onError: (error) => log.error("unexpected", error),
    onNotice: (text) => log.warn("notice", text),
    portReopenings: () => listener?.reopenings ?? 0,
  });
  try {
    listener ??= start();
  } catch (error) {
    await monitor[Symbol.asyncDispose]();
    throw error;
  }
  const name = options.host.includes(":") ? `[${options.host}]` : options.host;
  const scheme = options.tls === null ? "http" : "https";
  const address = `${scheme}://${name}:${port}${basePath}/`;
  const [publicUrl] = options.publicUrls;
  using _trimmer = new MemoryTrimmer();
  // Listen for signals before printing the message: a program may wait for the message, and then stop the server.
  const leaveMs = options.advertise === undefined ? 0 : resolveLimits(options.limits).leaveMs;
  const stopped = stopOnSignal(() => shutDown(listener, monitor, log, SHUTDOWN_MS + leaveMs));
  console.log(
    publicUrl === undefined
      ? `Taskscope is running at ${address}`
      : `Taskscope is running at ${publicUrl}, listening on ${address}`,
  );
  return await stopped;
}

/** Responds to a request that arrives while the database is being opened. */
function starting(request: Request, basePath: string): Response {
  return healthBeforeLoad(request, basePath) ?? notLoaded(request, "The server is starting");
}

/**
 * Makes Deno send WebSocket messages without copying them. By default, it copies each message into a buffer of the
 * socket, which stays as large as the largest message. Deno reads the variable when the first connection opens.
 */
function sendWithoutCopies(): void {
  const variable = "DENO_USE_WRITEV";
  // If the program was started without this permission, Deno copies the messages.
  if (Deno.permissions.querySync({ name: "env", variable }).state === "granted") Deno.env.set(variable, "1");
}

function listen(options: ServeOptions, log: Log, handler: Deno.ServeHandler<Deno.NetAddr>): Listener {
  const { host: hostname, port, tls } = options;
  const certificate = tls === null ? {} : { cert: pem(tls.cert, "--cert"), key: pem(tls.key, "--tls-key") };
  const serve = (port: number) => Deno.serve({ hostname, port, ...certificate, onListen: () => {} }, handler);
  const onFailure = (reason: string | null) =>
    log.warn(
      "port_failed",
      `The port stopped accepting connections${reason === null ? "" : ` (${reason})`}: ` +
        "idle connections are closed, and the port is opened again; if this recurs, allow more open files with ulimit -n",
    );
  try {
    return new Listener({ serve, hostname, port, onFailure });
  } catch (cause) {
    if (cause instanceof Deno.errors.AddrInUse) {
      throw new Error(
        `Cannot listen on ${hostname}: port ${port} is already in use; pass another --port`,
        { cause },
      );
    }
    if (tls === null) throw cause;
    throw new Error(`Cannot serve HTTPS with --cert and --tls-key: ${messageOf(cause)}`, { cause });
  }
}

function pem(file: string, flag: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (cause) {
    throw new Error(`Cannot read the file named by ${flag}: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Returns the path of the database file. The default folder is created; the folder of a file that the user
 * names must exist.
 */
function dataFile({ data, port }: ServeOptions): string {
  if (data !== undefined) return data;
  const file = defaultDataFile(port, Deno.build.os, readVariable);
  if (file !== ":memory:") makeFolderOf(file);
  return file;
}

function makeFolderOf(file: string): void {
  const folder = file.replace(/[\\/][^\\/]*$/, "");
  try {
    // With this mode, only the user can read the tasks.
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new Error(
      `Cannot create the folder "${folder}": ${messageOf(cause)}; pass another file with --data`,
      { cause },
    );
  }
}

/** Resolves with the exit status once a signal has stopped the server. */
function stopOnSignal(shutDown: () => Promise<boolean>): Promise<number> {
  return new Promise((resolve) => {
    let stoppingSinceMs: number | undefined;
    const stop = () => {
      if (stoppingSinceMs !== undefined) {
        // A second signal skips the graceful shutdown.
        if (performance.now() - stoppingSinceMs > SAME_SIGNAL_MS) Deno.exit(EXIT.interrupted);
        return;
      }
      stoppingSinceMs = performance.now();
      shutDown().then((isStored) => resolve(isStored ? EXIT.ok : EXIT.failed));
    };
    Deno.addSignalListener("SIGINT", stop);
    // Deno cannot listen for SIGTERM on Windows.
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", stop);
  });
}

/** Shuts down gracefully, for at most `timeoutMs`; returns whether everything was stored. */
async function shutDown(
  listener: Listener,
  monitor: Monitor,
  log: Log,
  timeoutMs: number,
): Promise<boolean> {
  let isStored = false;
  const ended = monitor.shutdown({ stopListening: () => listener.shutdown() })
    .then(() => isStored = true, (error) => log.error("not_stored", messageOf(error)))
    // The HTTP server is shut down last, because its shutdown closes the sockets that still send the final
    // states of tasks. The shutdown may hang if a client does not read.
    .then(() => listener.shutdown());
  await withTimeout(ended, timeoutMs);
  return isStored;
}
