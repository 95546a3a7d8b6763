/**
 * Benchmarks how many changes two nodes make together, of clients in four shards, against one node alone.
 *
 * @module
 */

import { ClusterHome } from "../support/nodes/cluster_home.ts";
import type { Member } from "../support/nodes/member.ts";
import { creation, reportOf, ReportSocket } from "../support/report_socket.ts";
import { clock } from "./support/clock.ts";
import { alternate, type Figure } from "./support/harness.ts";

/** The number of reporters, each of which reports one task of a client in a shard of its own. */
const REPORTERS = 4;
/** The number of reports in a batch, and of batches on their way. */
const BATCH = 200;
const WINDOW = 8;
/** How long reports are counted, in milliseconds. */
const MEASURE_MS = 3_000;
/**
 * The minimum number of cores; with fewer, two nodes with their database and reporters can't be faster than
 * one node.
 */
const CORES = 4;

/** A reporter, and what it has sent. */
interface Reporter {
  readonly socket: ReportSocket;
  readonly client: string;
  seq: number;
}

/** Measures changes per second. */
export async function benchClusterWrites(): Promise<Figure> {
  await using two = await ClusterHome.start({ nodes: 2, isProxied: false, leaseMs: 10_000 });
  await using one = await ClusterHome.start({ nodes: 1, isProxied: false, leaseMs: 10_000 });
  await two.shared();
  let run = 0;
  const pairs = await alternate(() => rate(two, run++), () => rate(one, run++));
  const { hardwareConcurrency: cores } = navigator;
  const isFit = cores >= CORES;
  const note = isFit ? "" : ` (${cores} cores, too few to tell)`;
  return {
    name: `changes of four shards by two nodes, against one node${note}`,
    unit: "changes/s",
    ...pairs,
    target: isFit ? { of: "ratio", atLeast: 1.3 } : null,
  };
}

/** Returns how many changes per second are committed. */
async function rate(home: ClusterHome, run: number): Promise<number> {
  await using sockets = new AsyncDisposableStack();
  const reporters: Reporter[] = [];
  for (const [index, { client, owner }] of (await clientsOf(home)).entries()) {
    const socket = sockets.use(new ReportSocket(owner.url, `reporter-${run}-${index}`));
    await socket.opened();
    const reporter = { socket, client, seq: 2 };
    await socket.taken(
      socket.report(creation(`t${run}`, 1, client), reportOf(`t${run}`, { type: "start" }, 2, client)),
    );
    reporters.push(reporter);
  }
  const startMs = clock();
  const counts = await Promise.all(reporters.map((reporter) => report(reporter, run, startMs + MEASURE_MS)));
  return counts.reduce((sum, count) => sum + count) / ((clock() - startMs) / 1_000);
}

/** Reports without a pause until a time; returns how many reports were taken. */
async function report(reporter: Reporter, run: number, endMs: number): Promise<number> {
  const { socket, client } = reporter;
  const sent: number[] = [];
  let count = 0;
  while (clock() < endMs || sent.length > 0) {
    while (sent.length < WINDOW && clock() < endMs) {
      const reports = Array.from({ length: BATCH }, () => {
        const change = { type: "update", current: ++reporter.seq } as const;
        return reportOf(`t${run}`, change, reporter.seq, client);
      });
      sent.push(socket.report(...reports));
    }
    await socket.taken(sent.shift()!);
    count += BATCH;
  }
  return count;
}

/** Returns clients in different shards, the same number for each node, and their owners. */
async function clientsOf(home: ClusterHome): Promise<readonly { client: string; owner: Member }[]> {
  const perNode = REPORTERS / home.members.length;
  const found = new Map<Member, Map<number, string>>();
  for (
    let number = 0;
    [...found.values()].filter(({ size }) => size === perNode).length < home.members.length;
    number++
  ) {
    const client = `c${number}`;
    home.client = client;
    const owner = await home.owner();
    const [{ shard }] = await home.postgres.query("SELECT taskscope.shard_of($1) AS shard", [client]) as [
      { shard: number },
    ];
    const clients = found.get(owner) ?? new Map<number, string>();
    found.set(owner, clients);
    if (clients.size < perNode) clients.set(shard, client);
  }
  return [...found].flatMap(([owner, clients]) => [...clients.values()].map((client) => ({ client, owner })));
}
