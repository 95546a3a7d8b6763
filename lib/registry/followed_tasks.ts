/**
 * Applies the changes of the authority on another node to a registry.
 *
 * @module
 */

import { now } from "../clock.ts";
import type { FollowedChanges, FollowedRemoval, FollowedStore, FollowedTask } from "../store/followed.ts";
import { isFinal, type LogChange } from "../task/task.ts";
import type { RegistryEvents } from "./registry_events.ts";
import type { Retention } from "./retention.ts";

/** The parts of a registry that {@linkcode FollowedTasks} works on. */
export interface FollowedTasksContext {
  readonly store: FollowedStore;
  readonly retention: Retention;
  readonly events: RegistryEvents;
}

/** Keeps a registry equal to the one of the authority, and publishes each change. */
export class FollowedTasks {
  readonly #context: FollowedTasksContext;

  /** @param context the parts of the registry to work on */
  constructor(context: FollowedTasksContext) {
    this.#context = context;
  }

  /** Applies and publishes changes in the order of their sequence numbers. */
  apply({ seq, tasks, removed }: FollowedChanges): void {
    let next = 0;
    for (const task of tasks) {
      while (next < removed.length && removed[next]!.seq < task.stored.seq) this.#remove(removed[next++]!);
      this.#put(task);
    }
    for (const removal of removed.slice(next)) this.#remove(removal);
    this.#context.store.followedTo(seq);
  }

  #put(task: FollowedTask): void {
    const { store, retention, events } = this.#context;
    const { client, stored: { id, seq }, endedAt } = task;
    const known = store.index.get(client, id);
    // An earlier pull may have delivered this change already.
    if (known !== undefined && known.seq >= seq) return;
    const wasEnded = retention.hasEnded(client, id);
    const before = known && store.atHand(known)?.task;
    const { stored } = task;
    store.followTask(task);
    const isEnded = isFinal(stored.summary.state);
    if (known === undefined && !isEnded) retention.adopt(client);
    else if (isEnded && !wasEnded) {
      const ended = { client, id, endedAt: endedAt ?? now() };
      if (known === undefined) retention.addEnded(ended);
      else retention.end(ended);
    }
    const change = changeOf(task);
    if (change.type !== "log") {
      events.publish({ client, seq, stored, before, change });
      return;
    }
    // The event of a new task can't contain log lines, so they need an event of their own.
    if (before === undefined) events.publish({ client, seq, stored, before, change: { type: "update" } });
    const { first } = change;
    // If a pull leaves out lines, the lines are numbered as if the omitted ones had been published before.
    const from = before !== undefined && before.log_count >= first
      ? before
      : { ...before ?? stored.task, log_count: first };
    events.publish({ client, seq, stored, before: from, change });
  }

  #remove(removal: FollowedRemoval): void {
    const { store, retention, events } = this.#context;
    const { client, id, seq } = removal;
    const known = store.index.get(client, id);
    // If the task ended after the last pull, its end was not pulled, because the task is gone.
    if (known !== undefined && !isFinal(known.summary.state)) retention.drop(client);
    else retention.forget(client, id);
    store.followRemoval(removal);
    events.publish({ client, seq, removedId: id });
  }
}

/** Returns a change that has the same effect for watchers as the changes that led to the new version. */
function changeOf(
  { lines }: FollowedTask,
): { readonly type: "update" } | LogChange & { readonly first: number } {
  const [first] = lines;
  if (first === undefined) return { type: "update" };
  return { type: "log", first: first.number, lines: lines.map(({ number: _, ...line }) => line) };
}
