/**
 * Measures the memory that a server takes for connections whose peers read nothing, and what is left of it after they
 * are gone, against a bare server.
 *
 * @module
 */

import { call } from "../support/calls.ts";
import { type Program, startProgram } from "../support/program.ts";
import { closeQuietly, HANDSHAKE, readResponse, send } from "../support/raw_http.ts";
import { pause } from "./support/clock.ts";
import { type Figure, verify } from "./support/harness.ts";
import { Remote } from "./support/remote.ts";
import { residentBytesOf } from "./support/resident.ts";

const MEGABYTE = 1_000_000;
const KILOBYTE = 1_000;
/** The maximum memory that connections may add: a constant in megabytes, and kilobytes per connection. */
const TARGET_MB = 150;
const TARGET_KB_EACH = 25;
/** The maximum share of the added memory that the server may still use after the connections are gone. */
const TARGET_LEFT = 0.2;
/** The time between the end of the connections and that measurement, in milliseconds. */
const LEFT_AFTER_MS = 60_000;
/** How long the connections are held, and how long the server has to become idle, in milliseconds. */
const HOLD_MS = 5_000;
const SAMPLE_MS = 100;
/** The number of connections that are opened at a time. */
const AT_ONCE = 10;

/** An attack: a number of peers send requests, and read none of the responses. */
interface Abuse {
  readonly name: string;
  readonly connections: number;
  /** The paths, which take turns; those that begin with `/ws/` are WebSockets. */
  readonly paths: readonly string[];
  /** The number of tasks of the client `c`, and the size of each in bytes. */
  readonly tasks: number;
  readonly taskBytes: number;
  /** A task is changed each time this many connections have been opened. */
  readonly changeEvery: number;
  /**
   * Whether a bare server is attacked for comparison; with large texts, the bare server would take gigabytes.
   */
  readonly isCompared: boolean;
}

const LARGE = { connections: 150, tasks: 800, taskBytes: 15_000, changeEvery: Infinity, isCompared: false };
const ABUSES: readonly Abuse[] = [
  {
    name: "10,000 stuck readers",
    connections: 10_000,
    paths: [
      "/tasks/c",
      "/t/c",
      "/events/tasks/c",
      "/ws/tasks/c?mode=delta",
      "/ws/tasks/c",
      "/events/tasks/c/t-0",
    ],
    tasks: 50,
    taskBytes: 1_000,
    changeEvery: 500,
    isCompared: true,
  },
  { ...LARGE, name: "150 readers of 12 MB", paths: ["/tasks/c"] },
  { ...LARGE, name: "150 watchers of 12 MB that change", paths: ["/events/tasks/c"], changeEvery: 10 },
];

/** A server under abuse. */
interface Server {
  readonly port: number;
  readonly pid: number;
  /** Changes a task, so that the server has a change to send to its watchers. */
  readonly change: (index: number) => Promise<void>;
}

/** The memory that a server took for an abuse, in bytes. */
interface Taken {
  readonly added: number;
  /** The part of the memory that the server still uses a minute after the connections are gone. */
  readonly left: number;
}

/** Measures each kind of abuse with servers of its own. */
export async function benchAbuse(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const abuse of ABUSES) figures.push(...await measure(abuse));
  return figures;
}

async function measure(abuse: Abuse): Promise<Figure[]> {
  const { name, connections, paths } = abuse;
  const texts: Record<string, string> = {};
  let ours: Taken;
  {
    await using program = await startProgram(["--no-demo"]);
    await createTasks(program, abuse);
    for (const path of paths) {
      texts[path] =
        (await call("GET", program.url + path.replace(/^\/(ws|events)\//, "/").replace(/\?.*/, ""))).text;
    }
    ours = await attack({ ...program, pid: program.process.pid, change: changerOf(program, abuse) }, abuse);
  }
  const bare = abuse.isCompared ? await attackBare(texts, abuse) : null;
  const atMost = TARGET_MB + connections * TARGET_KB_EACH / KILOBYTE;
  return [
    figure(`${name}: added`, "MB", ours.added / MEGABYTE, bare && bare.added / MEGABYTE, atMost),
    figure(
      `${name}: each`,
      "KB",
      ours.added / connections / KILOBYTE,
      bare && bare.added / connections / KILOBYTE,
    ),
    figure(
      `${name}: share left after a minute`,
      "",
      ours.left / ours.added,
      bare && bare.left / bare.added,
      TARGET_LEFT,
    ),
  ];
}

async function createTasks({ url }: Program, { tasks, taskBytes }: Abuse): Promise<void> {
  const metadata = { text: "x".repeat(taskBytes) };
  for (let index = 0; index < tasks; index++) {
    const { status } = await call("POST", `${url}/tasks/c`, { body: { id: `t-${index}`, metadata } });
    verify("the status of a new task", 201, status);
  }
}

function changerOf({ url }: Program, { tasks }: Abuse): Server["change"] {
  return async (index) => {
    const { status } = await call("PATCH", `${url}/tasks/c/t-${index % tasks}`, { body: { current: index } });
    verify("the status of a change", 200, status);
  };
}

/** Attacks a bare server that sends the same first texts, and a record with every change. */
async function attackBare(texts: Readonly<Record<string, string>>, abuse: Abuse): Promise<Taken> {
  await using remote = await Remote.start("bare_stuck.ts");
  await remote.call("answer", texts);
  const record = "x".repeat(abuse.taskBytes);
  const { port, pid } = remote;
  return await attack({ port, pid, change: () => remote.call("change", record) }, abuse);
}

async function attack(server: Server, abuse: Abuse): Promise<Taken> {
  await pause(HOLD_MS);
  const before = await residentBytesOf(server.pid);
  const peak = new Peak(server.pid);
  const connections = await openAll(server, abuse);
  try {
    await pause(HOLD_MS);
    // The server still responds to other clients.
    closeQuietly(await open(server.port, "/healthz"));
  } finally {
    connections.forEach(closeQuietly);
    peak.stop();
  }
  const added = peak.bytes - before;
  await pause(LEFT_AFTER_MS);
  return { added, left: await residentBytesOf(server.pid) - before };
}

async function openAll(server: Server, { connections, paths, changeEvery }: Abuse): Promise<Deno.Conn[]> {
  const opened: Deno.Conn[] = [];
  while (opened.length < connections) {
    const indices = Array.from({ length: AT_ONCE }, (_, index) => opened.length + index);
    opened.push(
      ...await Promise.all(indices.map((index) => open(server.port, paths[index % paths.length]!))),
    );
    if (opened.length % changeEvery === 0) await server.change(opened.length);
  }
  return opened;
}

/** Sends a request, and reads no more of the response than its head. */
async function open(port: number, path: string): Promise<Deno.Conn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const lines = [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`];
  if (path.startsWith("/ws/")) lines.push(...HANDSHAKE.map(([name, value]) => `${name}: ${value}`));
  await send(connection, new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
  const { status } = await readResponse(connection, "head");
  if (status !== 503) verify("the status of a response", path.startsWith("/ws/") ? 101 : 200, status);
  return connection;
}

function figure(
  name: string,
  unit: string,
  ours: number,
  bare: number | null,
  atMost: number | null = null,
): Figure {
  return {
    name,
    unit,
    ours,
    bare,
    ratio: bare && ours / bare,
    target: atMost === null ? null : { of: "ours", atMost },
  };
}

/** Samples the memory of a process. */
class Peak {
  /** The largest resident memory so far, in bytes. */
  bytes = 0;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(pid: number) {
    this.#timer = setInterval(async () => {
      this.bytes = Math.max(this.bytes, await residentBytesOf(pid));
    }, SAMPLE_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
