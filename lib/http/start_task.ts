/**
 * Starts registered tasks by their names, and starts tasks again that the server has started before.
 *
 * @module
 */

import { monotonicMs } from "../clock.ts";
import { LaunchSink } from "../reporter/launch_sink.ts";
import type { StartOptions } from "../reporter/wrap.ts";
import { byteLength } from "../task/byte_length.ts";
import { isFinal, type JsonValue } from "../task/task.ts";
import { withTimeout } from "../timeout.ts";
import type { ClusterGate } from "./cluster/cluster_gate.ts";
import { unanswered } from "./cluster/forwarder.ts";
import { type HandlerContext, taskRecord } from "./context.ts";
import { Problem } from "./problem.ts";

/**
 * The maximum number of bytes of a report that creates a task, without the task's arguments: mostly its metadata and
 * its tags.
 */
const RECORD_BYTES = 32 * 1024;

/** The interval at which a node checks whether a task that it has started is committed, in milliseconds. */
const LOOK_MS = 50;

/**
 * Starts a registered task.
 *
 * @param context the parts of the monitor to use
 * @param client the client token of the task
 * @param name the name that the function is registered under
 * @param args the arguments to call the registered function with
 * @param options the options for the new task, such as its id and tags
 * @returns the id of the task
 * @throws {Problem} 404 if no function is registered under the name, 409 if the id is already taken, 413 if the
 * arguments are too large for a report to the owner of the task, 503 if too many tasks that the server has started are
 * still running
 */
export async function startTask(
  context: HandlerContext,
  client: string,
  name: string,
  args: JsonValue[],
  options: StartOptions = {},
): Promise<string> {
  const startable = context.startables.get(name);
  if (startable === undefined) {
    throw new Problem("unknown_task_name", `No task is registered under the name "${name.slice(0, 200)}"`);
  }
  if (options.id !== undefined && context.registry.stored(client, options.id) !== undefined) {
    throw new Problem("task_exists", `Cannot start task "${options.id}": the id is already taken`);
  }
  const obstacle = context.registry.creationError(client);
  if (obstacle !== null) throw obstacle;
  refuseLongArguments(context, args);
  const release = context.started.take();
  let id: string;
  try {
    const sink = new LaunchSink(context.sink, { name, args });
    const handle = startable.start(sink, { ...options, client }, args);
    // A task may end before its function does, so the slot is kept until the function has returned.
    handle.done.then(release, release);
    id = handle.id;
  } catch (error) {
    release();
    throw error;
  }
  if (context.cluster === null) await context.sink.settled();
  else await whenShown(context, context.cluster, client, id);
  return id;
}

/**
 * Refuses arguments that are too large for a report to another node. A request that is small enough may contain such
 * arguments, because JSON can write a number in several ways.
 *
 * @throws {Problem} 413 if the arguments are too large
 */
function refuseLongArguments({ cluster, limits: { reportBytes } }: HandlerContext, args: JsonValue[]): void {
  const maxBytes = reportBytes - RECORD_BYTES;
  if (cluster === null || byteLength(JSON.stringify(args)) <= maxBytes) return;
  throw new Problem(
    "body_too_large",
    `Cannot start the task: nodes accept at most ${maxBytes} bytes of arguments, written as JSON`,
  );
}

/**
 * Waits until a task that this node has started is committed and known to this node, even if another node
 * owns the client's tasks.
 *
 * @throws {Problem} 503 if it is unknown whether the owner has stored the task
 */
async function whenShown(
  { registry, sink, limits: { forwardTimeoutMs } }: HandlerContext,
  cluster: ClusterGate,
  client: string,
  id: string,
): Promise<void> {
  const endMs = monotonicMs() + forwardTimeoutMs;
  const settled = sink.settled();
  if (settled !== undefined) await withTimeout(settled, forwardTimeoutMs);
  while (true) {
    await cluster.route(client, false);
    if (registry.stored(client, id) !== undefined) return;
    if (monotonicMs() > endMs) throw unanswered("POST");
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/**
 * Starts a new attempt of a task that the server had started and that has ended.
 *
 * @param context the parts of the monitor to use
 * @param client the client token of the task
 * @param id the id of the earlier attempt
 * @returns the id of the new attempt
 * @throws {Problem} 409 if the task has not ended or the server did not start it, 404 if the task does not
 * exist or its function is no longer registered
 */
export async function retryTask(context: HandlerContext, client: string, id: string): Promise<string> {
  // The function name and the arguments are read before the checks, so that nothing can change between the
  // checks and the start.
  const launch = await context.registry.launch(client, id);
  const read = taskRecord(context, client, id);
  const { task } = read instanceof Promise ? await read : read;
  if (!isFinal(task.state)) {
    throw new Problem("task_active", `Cannot retry task "${id}": it has not ended, it is ${task.state}`);
  }
  if (launch === undefined) {
    throw new Problem("not_retryable", `Cannot retry task "${id}": the server did not start it`);
  }
  const { tags, metadata, attempt } = task;
  return await startTask(context, client, launch.name, [...launch.args], {
    tags,
    metadata,
    attempt: attempt + 1,
    retryOf: id,
  });
}
