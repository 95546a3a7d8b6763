/**
 * Measures the memory that a server takes for connections whose peers read nothing, and what is left of it after they
 * are gone.
 *
 * @module
 */

import { call } from "../support/calls.ts";
import { type Program, startProgram } from "../support/program.ts";
import { closeQuietly, HANDSHAKE, readResponse, send } from "../support/raw_http.ts";
import { pause } from "./support/clock.ts";
import { type Figure, verify } from "./support/harness.ts";
import { residentBytesOf } from "./support/resident.ts";

const MEGABYTE = 1_000_000;
const KILOBYTE = 1_000;
/** The bound of the added memory: a constant in megabytes, and for each connection in kilobytes. */
const TARGET_MB = 150;
const TARGET_KB_EACH = 25;
/** The bound of the share of the added memory that is left. */
const TARGET_LEFT = 0.2;
/** The time after which what is left is measured, in milliseconds. */
const LEFT_AFTER_MS = 60_000;
/** How long the connections are held, and the server gets to become idle, in milliseconds. */
const HOLD_MS = 5_000;
const SAMPLE_MS = 100;
/** The number of connections that are opened at a time. */
const AT_ONCE = 10;

/** What a number of peers request, none of whom reads the response. */
interface Abuse {
  readonly name: string;
  readonly connections: number;
  /** The paths, which take turns; those that begin with `/ws/` are WebSockets. */
  readonly paths: readonly string[];
  /** The number of tasks of the client `c`, and the size of each in bytes. */
  readonly tasks: number;
  readonly taskBytes: number;
  /** After how many connections a task changes. */
  readonly changeEvery: number;
}

const LARGE = { connections: 150, tasks: 800, taskBytes: 15_000, changeEvery: Infinity };
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
  },
  { ...LARGE, name: "150 readers of 12 MB", paths: ["/tasks/c"] },
  { ...LARGE, name: "150 watchers of 12 MB that change", paths: ["/events/tasks/c"], changeEvery: 10 },
];

/** Measures each kind of abuse with a server of its own. */
export async function benchAbuse(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const abuse of ABUSES) figures.push(...await measure(abuse));
  return figures;
}

async function measure(abuse: Abuse): Promise<Figure[]> {
  await using program = await startProgram(["--no-demo"]);
  const metadata = { text: "x".repeat(abuse.taskBytes) };
  for (let index = 0; index < abuse.tasks; index++) {
    const { status } = await call("POST", `${program.url}/tasks/c`, { body: { id: `t-${index}`, metadata } });
    verify("the status of a new task", 201, status);
  }
  await pause(HOLD_MS);
  const before = await residentBytesOf(program.process.pid);
  using peak = new Peak(program.process.pid);
  const connections = await openAll(program, abuse);
  try {
    await pause(HOLD_MS);
    verify("the status of another request", 200, (await call("GET", `${program.url}/healthz`)).status);
  } finally {
    connections.forEach(closeQuietly);
  }
  const added = peak.bytes - before;
  await pause(LEFT_AFTER_MS);
  const left = await residentBytesOf(program.process.pid) - before;
  const bytesEach = added / abuse.connections;
  const atMost = TARGET_MB + abuse.connections * TARGET_KB_EACH / KILOBYTE;
  return [
    figure(`${abuse.name}: added`, "MB", added / MEGABYTE, atMost),
    figure(`${abuse.name}: each`, "KB", bytesEach / KILOBYTE, null),
    figure(`${abuse.name}: share left after a minute`, "", left / added, TARGET_LEFT),
  ];
}

async function openAll(
  program: Program,
  { connections, paths, tasks, changeEvery }: Abuse,
): Promise<Deno.Conn[]> {
  const opened: Deno.Conn[] = [];
  while (opened.length < connections) {
    const indices = Array.from({ length: AT_ONCE }, (_, index) => opened.length + index);
    opened.push(
      ...await Promise.all(indices.map((index) => open(program.port, paths[index % paths.length]!))),
    );
    if (opened.length % changeEvery > 0) continue;
    const path = `${program.url}/tasks/c/t-${opened.length % tasks}`;
    verify(
      "the status of a change",
      200,
      (await call("PATCH", path, { body: { current: opened.length } })).status,
    );
  }
  return opened;
}

/** Sends a request, and reads no more of the response than its head. */
async function open(port: number, path: string): Promise<Deno.Conn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const lines = [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`];
  if (path.startsWith("/ws/")) lines.push(...HANDSHAKE.map(([name, value]) => `${name}: ${value}`));
  await send(connection, new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
  await readResponse(connection, "head");
  return connection;
}

function figure(name: string, unit: string, ours: number, atMost: number | null): Figure {
  return {
    name,
    unit,
    ours,
    bare: null,
    ratio: null,
    target: atMost === null ? null : { of: "ours", atMost },
  };
}

/** Samples the memory of a process. */
class Peak implements Disposable {
  /** The largest resident memory so far, in bytes. */
  bytes = 0;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(pid: number) {
    this.#timer = setInterval(async () => {
      this.bytes = Math.max(this.bytes, await residentBytesOf(pid));
    }, SAMPLE_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
