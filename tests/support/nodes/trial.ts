/**
 * Reports to a cluster and watches the cluster while something fails, and then checks that nothing is lost or
 * duplicated.
 *
 * @module
 */

import type { Task } from "../../../lib/task/task.ts";
import { isFinal } from "../../../lib/task/task.ts";
import { differences, type Held } from "../crash/held.ts";
import { logOf } from "../remote_task.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import type { ClusterHome } from "./cluster_home.ts";
import { Reports } from "./reports.ts";
import { EventNodeWatcher, type NodeWatcher, SocketNodeWatcher } from "./watchers.ts";

/** Options of {@linkcode trial}. */
export interface TrialOptions {
  readonly home: ClusterHome;
  /** The client of all tasks, which no earlier trial has used. */
  readonly client: string;
  readonly random: () => number;
  /** Makes something fail and work again, while reports arrive. */
  readonly fault: (reports: Reports) => Promise<void>;
  /** Where reports are sent to, and watchers connect; by default the balancer, and the nodes themselves. */
  readonly url?: string;
  readonly width?: number;
  readonly sinks?: number;
  readonly tasksPerSink?: number;
  readonly stepMs?: number;
  /** How long an attempt to report over HTTP waits for its response, in milliseconds. */
  readonly attemptMs?: number;
  /** The number of watchers of each kind. */
  readonly watchers?: number;
}

/** What happened in a trial. */
export interface TrialOutcome {
  /** The violated guarantees, at most 20. */
  readonly complaints: readonly string[];
  readonly acknowledgements: number;
  /** The attempts to report without an acknowledgement, at most 20. */
  readonly failures: readonly string[];
  readonly reads: number;
  readonly tasks: number;
  /** The highest number of connections of a watcher. */
  readonly connections: number;
  /** The highest number of attempts of a watcher to connect. */
  readonly attempts: number;
  /** The number of times that a watcher had to start over. */
  readonly resyncs: number;
}

/** The number of reports that are acknowledged before the fault, and again after it. */
const BEFORE = 20;
const AFTER = 15;
/**
 * How far the times of a task may be from this machine's clock, in seconds: less than the error of a wrong
 * clock, more than a trial takes.
 */
const CLOCK_TOLERANCE = 1_800;
/** How long nodes and watchers get to show everything, in milliseconds. */
const PATIENCE_MS = 30_000;

/** Runs a trial; every node must be up before and after the fault. */
export async function trial(options: TrialOptions): Promise<TrialOutcome> {
  const { home, client, random, fault, url = home.balancer.url } = options;
  home.client = client;
  const { width = 4, sinks = 2, tasksPerSink = 1, stepMs = 20, attemptMs = 5_000, watchers: each = 3 } =
    options;
  const ledger = new Acknowledgements();
  const complain = (complaint: string) => ledger.complain(complaint);
  const watchers = Array.from({ length: each }, (): NodeWatcher[] => {
    const watcher = { home, client, random, complain, ...(options.url && { url }) };
    return [new SocketNodeWatcher(watcher), new EventNodeWatcher(watcher)];
  }).flat();
  const reports = new Reports({
    ...{ home, url, client, ledger, random, width, sinks, tasksPerSink, stepMs, attemptMs },
  });
  try {
    await reports.acknowledged(BEFORE);
    await fault(reports);
    await home.ready();
    await reports.acknowledged(AFTER);
    await reports.stop();
    await check(options, ledger, reports, watchers);
  } catch (error) {
    complain(String(error));
  } finally {
    await reports.stop();
    await Promise.all(watchers.map((watcher) => watcher.stop()));
  }
  return {
    complaints: ledger.complaints.slice(0, 20),
    acknowledgements: ledger.count,
    failures: reports.failures.slice(0, 20),
    reads: reports.reads,
    tasks: ledger.ids.length + reports.sinkTasks.length,
    connections: Math.max(...watchers.map(({ connections }) => connections)),
    attempts: Math.max(...watchers.map(({ attempts }) => attempts)),
    resyncs: watchers.reduce((sum, { resyncs }) => sum + resyncs, 0),
  };
}

async function check(
  { home, client }: TrialOptions,
  ledger: Acknowledgements,
  reports: Reports,
  watchers: readonly NodeWatcher[],
): Promise<void> {
  const all = await Promise.all(home.members.map((member) => member.tasksOf(client)));
  const [first] = all as [Held, ...Held[]];
  for (const [n, held] of all.entries()) {
    ledger.compareAll(`Node ${n}`, held.tasks);
    for (const complaint of differences(`Node ${n}`, held.tasks, first)) ledger.complain(complaint);
  }
  for (const id of reports.sinkTasks) if (!first.tasks.has(id)) ledger.complain(`${id} is lost`);
  await Promise.all(Array.from(first.tasks.values(), async (task, n) => {
    if (task.state !== "FINISHED") {
      ledger.complain(`${task.id} is ${task.state}: ${JSON.stringify(task.error)}`);
    }
    checkTimes(task, ledger);
    const member = home.members[n % home.members.length]!;
    ledger.compareLog(`Node ${member.index}`, task, await logOf(member.url, { client, id: task.id }));
  }));
  await compareRows(home, client, first, ledger);
  const end = performance.now() + PATIENCE_MS;
  for (const watcher of watchers) {
    const missing = () =>
      differences(`A ${watcher.constructor.name} at ${watcher.cursor}`, watcher.tasks, first);
    while (missing().length > 0 && performance.now() < end) {
      await new Promise((done) => setTimeout(done, 5));
    }
    for (const complaint of missing()) ledger.complain(complaint);
  }
}

/**
 * Checks that the times of a task are close to the present and in order, although nodes whose clocks differ
 * have set them.
 */
function checkTimes({ id, created_at, started_at, finished_at }: Task, ledger: Acknowledgements): void {
  const times = [created_at, started_at ?? created_at, finished_at ?? created_at];
  const isNow = times.every((time) => Math.abs(time - Date.now() / 1000) < CLOCK_TOLERANCE);
  const isOrdered = times.every((time, n) => n === 0 || time >= times[n - 1]!);
  if (!isNow || !isOrdered) ledger.complain(`${id} has the times ${times}, and it is ${Date.now() / 1000}`);
}

/** Compares the rows of the database with what the nodes show. */
async function compareRows(
  { postgres }: ClusterHome,
  client: string,
  shown: Held,
  ledger: Acknowledgements,
): Promise<void> {
  const rows = await postgres.query(
    "SELECT id, seq, record, (SELECT count(*) FROM taskscope.log_lines l WHERE l.place = t.place)::int AS lines " +
      "FROM taskscope.tasks t WHERE client = $1 AND NOT removed",
    [client],
  );
  const ids = new Set(rows.map(({ id }) => id));
  const seqs = new Set(rows.map(({ seq }) => seq));
  if (ids.size !== rows.length) ledger.complain("The database has a task twice");
  if (seqs.size !== rows.length) ledger.complain("The database has a sequence number twice");
  if (ids.size !== shown.tasks.size) {
    ledger.complain(`The database has ${ids.size} tasks, not ${shown.tasks.size}`);
  }
  for (const { id, record, lines } of rows) {
    const task = shown.tasks.get(id);
    if (task === undefined) ledger.complain(`The database alone has ${id}`);
    else if (record.version !== task.version || !isFinal((record as Task).state)) {
      ledger.complain(`The database has version ${record.version} of ${id}, not ${task.version}`);
    } else if (lines !== task.log_count) {
      ledger.complain(`The database has ${lines} lines of ${id}, not ${task.log_count}`);
    }
  }
}
