/**
 * Creates the objects that handle the calls of each area of the API.
 *
 * @module
 */

import type { HandlerContext } from "./context.ts";
import type { Docs } from "./openapi/docs.ts";
import { Clients } from "./operations/clients.ts";
import { Nodes } from "./operations/nodes.ts";
import { MetricsEndpoint } from "./operations/metrics_endpoint.ts";
import { TaskTotals } from "./operations/task_totals.ts";
import type { Traffic } from "./operations/traffic.ts";
import { Pages } from "./pages/pages.ts";
import { Sharing } from "./pages/sharing.ts";
import { SignIn } from "./pages/sign_in.ts";
import { ReporterFiles } from "./reporters/reporter_files.ts";
import { SimpleIndex } from "./reporters/simple_index.ts";
import { ReportBatches } from "./reports/batches.ts";
import { ReportCalls } from "./reports/calls.ts";
import { ForwardedReporters } from "./reports/forwarded_reporters.ts";
import { Events } from "./streams/events.ts";
import { Sockets } from "./streams/sockets.ts";
import { OpenSockets } from "./streams/upgrade.ts";
import { Slots } from "./slots.ts";
import { Badges } from "./tasks/badges.ts";
import { LogSearches } from "./tasks/log_searches.ts";
import { Logs } from "./tasks/logs.ts";
import { Names } from "./tasks/names.ts";
import { PolledTasks } from "./tasks/polled_tasks.ts";
import { Rest } from "./tasks/rest.ts";
import { Waits } from "./tasks/waits.ts";

/** The message that is sent to watchers before the server shuts down. */
const CLOSING = '{"type":"closing"}';

/** The objects that handle calls, one for each area of the API. */
export interface Areas {
  readonly context: HandlerContext;
  readonly badges: Badges;
  readonly batches: ReportBatches;
  readonly clients: Clients;
  /** Returns the handlers of the API reference, whose module the first call loads. */
  readonly docs: () => Promise<Docs>;
  readonly events: Events;
  readonly files: ReporterFiles;
  readonly forwarded: ForwardedReporters;
  readonly logs: Logs;
  readonly metrics: MetricsEndpoint;
  readonly names: Names;
  readonly nodes: Nodes;
  /** The sockets that are not closed yet. */
  readonly open: OpenSockets;
  readonly pages: Pages;
  readonly polled: PolledTasks;
  readonly reports: ReportCalls;
  readonly rest: Rest;
  readonly sharing: Sharing;
  readonly signIn: SignIn;
  /** The limit on the number of sockets and event streams. */
  readonly slots: Slots;
  readonly simple: SimpleIndex;
  readonly sockets: Sockets;
  readonly waits: Waits;
}

/**
 * Creates the objects that handle the calls of each area of the API.
 *
 * @param context the parts of the monitor that the handlers use
 * @param traffic the request counts, for the metrics
 */
export function createAreas(context: HandlerContext, traffic: Traffic): Areas {
  const open = new OpenSockets();
  const slots = new Slots(context.limits.watchers, "watchers");
  const sockets = new Sockets(context, slots, open);
  const events = new Events(context, slots);
  const batches = new ReportBatches(context, open);
  const files = new ReporterFiles(context.releases, context.access.basePath);
  const waits = new Waits(context);
  const searches = new LogSearches(context.registry);
  const metrics = new MetricsEndpoint({
    registry: context.registry,
    totals: new TaskTotals(context.registry),
    traffic,
    watchers: () => ({ socket: sockets.counts, events: events.counts }),
    waiting: () => waits.count,
    reporters: () => batches.count,
    reports: () => batches.received,
    operations: context.operations,
  });
  let docs: Promise<Docs> | undefined;
  return {
    context,
    open,
    slots,
    sockets,
    events,
    batches,
    waits,
    metrics,
    badges: new Badges(context),
    clients: new Clients(context),
    docs: () => docs ??= import("./openapi/docs.ts").then(({ Docs }) => new Docs(context)),
    files,
    forwarded: new ForwardedReporters(context, open, batches),
    logs: new Logs(context, searches),
    names: new Names(context),
    nodes: new Nodes(context),
    pages: new Pages(context, searches),
    polled: new PolledTasks(),
    reports: new ReportCalls(context),
    rest: new Rest(context),
    simple: new SimpleIndex(files),
    sharing: new Sharing(context),
    signIn: new SignIn(context),
  };
}

/**
 * Announces to watchers and reporters that they should connect again, and ends the waits of all long polls.
 */
export function announceClosing({ waits, sockets, events, batches, forwarded }: Areas): void {
  waits.close();
  sockets.tellAll(CLOSING);
  events.tellAll("closing", CLOSING);
  batches.beginClosing();
  forwarded.beginClosing();
}

/**
 * Closes all sockets and event streams, and ends the waits of all long polls. Every client may connect again.
 */
export function disconnectAll(areas: Areas): void {
  const { waits, sockets, events } = areas;
  waits.close();
  sockets.close();
  events.close();
  disconnectReporters(areas);
}

/**
 * Disconnects all clients like {@linkcode disconnectAll}, and refuses event streams whose requests are still
 * waiting.
 */
export function endAll(areas: Areas): void {
  areas.events.end();
  disconnectAll(areas);
}

/** Closes the sockets of reporters. */
export function disconnectReporters({ batches, forwarded }: Areas): void {
  batches.close();
  forwarded.closeAll();
}
