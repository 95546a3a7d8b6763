/**
 * Benchmarks three nodes on one PostgreSQL database: the delay of an update to watchers of another node, against those of
 * the owner; what watchers of another node cost the owner; and how long changes wait while the owner changes.
 *
 * @module
 */

import { call } from "../support/calls.ts";
import { ClusterHome } from "../support/nodes/cluster_home.ts";
import type { Member } from "../support/nodes/member.ts";
import { benchClusterWrites } from "./cluster_writes.ts";
import { clock, pause } from "./support/clock.ts";
import { alternate, type Figure, percentile, verify } from "./support/harness.ts";
import { Watchers } from "./support/watchers.ts";

const CLIENT = "bench";
const TASK = `/tasks/${CLIENT}/task`;
/** The updates of which the delays are measured, and the time between two, in milliseconds. */
const UPDATES = 200;
const INTERVAL_MS = 100;
/** The interval between two commits, in milliseconds. */
const COMMIT_INTERVAL_MS = 50;
const MANY_WATCHERS = 1_000;
/** How long the processor time of the owner is measured, and how often the task is updated meanwhile, per second. */
const CPU_MS = 4_000;
const UPDATES_PER_SECOND = 50;
/** How often the owner is killed, and how often it is shut down gracefully. */
const TAKEOVERS = 3;
/** The units of processor time in `/proc/<pid>/stat`, per second. */
const TICKS = 100;

/** Measures delays, the processor time of the owner, and takeovers. */
export async function benchCluster(): Promise<Figure[]> {
  await using home = await ClusterHome.start({ isProxied: false, leaseMs: 10_000 });
  home.client = CLIENT;
  await home.shared();
  const owner = await home.owner();
  await call("POST", `${owner.url}/tasks/${CLIENT}`, { body: { id: "task", name: "task", started: true } });
  return [
    ...await delays(owner, await home.follower()),
    await processorTime(owner, await home.follower()),
    await takeover(home, "the owner is killed, lease of 10 s", (member) => member.kill()),
    await takeover(home, "the owner ends in order", (member) => member.stop()),
    await benchClusterWrites(),
  ];
}

/** Measures how old an update is on arrival at a watcher of another node, and at one of the owner. */
async function delays(owner: Member, follower: Member): Promise<Figure[]> {
  const commits: number[] = [];
  using ours = await Watching.open(follower);
  using bare = await Watching.open(owner);
  for (let n = 0; n < UPDATES; n++) {
    const sentMs = clock();
    await update(owner);
    commits.push(clock() - sentMs);
    await pause(INTERVAL_MS);
  }
  await Promise.all([ours.received(UPDATES), bare.received(UPDATES)]);
  const p99 = percentile(commits, 99);
  const figure = (percent: number, atMost: number): Figure => {
    const figures = { ours: percentile(ours.ages, percent), bare: percentile(bare.ages, percent) };
    const name = `delay p${percent} to a watcher of another node, against one of the owner`;
    return {
      name,
      unit: "ms",
      ...figures,
      ratio: figures.ours / figures.bare,
      target: { of: "ours", atMost },
    };
  };
  return [
    {
      name: "commit of an update p50",
      unit: "ms",
      ours: percentile(commits, 50),
      bare: null,
      ratio: null,
      target: null,
    },
    { name: "commit of an update p99", unit: "ms", ours: p99, bare: null, ratio: null, target: null },
    figure(50, COMMIT_INTERVAL_MS + 30),
    figure(99, Math.round(3 * p99)),
  ];
}

/** Compares the processor time of the owner with many watchers of another node, and with none. */
async function processorTime(owner: Member, follower: Member): Promise<Figure> {
  const during = async () => {
    const before = await ticksOf(owner);
    const endMs = clock() + CPU_MS;
    let updates = 0;
    while (clock() < endMs) {
      await Promise.all([update(owner), pause(1000 / UPDATES_PER_SECOND)]);
      updates++;
    }
    // The machine may be too slow for the rate, so the processor time per update is compared.
    return (await ticksOf(owner) - before) / TICKS * 1000 / updates;
  };
  const path = `/ws/tasks/${CLIENT}?mode=delta&after=${await cursorOf(follower)}`;
  const pairs = await alternate(async () => {
    using watchers = await Watchers.open(follower.port, path, MANY_WATCHERS);
    const before = watchers.frames;
    const milliseconds = await during();
    verify("whether all watchers got updates", true, watchers.frames - before >= MANY_WATCHERS);
    return milliseconds;
  }, during);
  const name = `owner's processor time per update, ${MANY_WATCHERS} watchers of another node against none`;
  return { name, unit: "ms", ...pairs, target: { of: "ratio", atMost: 1.2 } };
}

/** Measures the time from an event until a change is acknowledged again, by any node. */
async function takeover(
  home: ClusterHome,
  name: string,
  end: (member: Member) => Promise<unknown>,
): Promise<Figure> {
  const times: number[] = [];
  for (let n = 0; n < TAKEOVERS; n++) {
    const owner = await home.owner();
    const other = await home.follower();
    const startMs = clock();
    const ended = end(owner);
    while (await update(other) !== 200) await pause(10);
    times.push(clock() - startMs);
    await ended;
    await owner.start();
  }
  return {
    name: `until a change is committed: ${name}`,
    unit: "ms",
    ours: percentile(times, 50),
    bare: null,
    ratio: null,
    target: null,
  };
}

/** Updates the task with the time; returns the status of the response, 0 if there is none. */
async function update({ url }: Member): Promise<number> {
  const body = { status: `at ${clock()}` };
  return await call("PATCH", `${url}${TASK}`, { body }).then(({ status }) => status, () => 0);
}

async function cursorOf({ url }: Member): Promise<string> {
  return (await call("GET", `${url}/tasks/${CLIENT}`)).json.cursor;
}

/**
 * Returns the processor time that a node has used so far, in {@linkcode TICKS} per second, as `cat` reads it: reading `/proc`
 * would require all permissions.
 */
async function ticksOf({ pid }: Member): Promise<number> {
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/stat`] }).output();
  const fields = new TextDecoder().decode(stdout).split(") ")[1]!.split(" ");
  // The fields "utime" and "stime" of proc(5).
  return Number(fields[11]) + Number(fields[12]);
}

/** A watcher of a node that records the age of each update on arrival. */
class Watching implements Disposable {
  readonly ages: number[] = [];
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    let newestMs = -Infinity;
    socket.onmessage = ({ data }) => {
      const sentMs = Number(/"status":"at ([\d.]+)"/.exec(data)?.[1] ?? -Infinity);
      if (sentMs <= newestMs) return;
      newestMs = sentMs;
      this.ages.push(clock() - sentMs);
    };
  }

  static async open(member: Member): Promise<Watching> {
    const { url } = member;
    const path = `/ws/tasks/${CLIENT}?mode=delta&after=${await cursorOf(member)}`;
    const socket = new WebSocket(`${url.replace("http", "ws")}${path}`);
    const watching = new Watching(socket);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    return watching;
  }

  /** Waits until a number of updates have been received. */
  async received(count: number): Promise<void> {
    while (this.ages.length < count) await pause(5);
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
