/**
 * A map whose keys are tasks.
 *
 * @module
 */

/**
 * Maps tasks, which a client token and an id identify, to values. Two nested maps find a value several times faster
 * than one map whose keys are joined from both texts, because a joined text must be hashed in every call.
 *
 * @typeParam Value the type of the values
 */
export class TaskMap<Value> {
  readonly #clients: Map<string, Map<string, Value>> = new Map();
  #size = 0;

  /** The number of tasks. */
  get size(): number {
    return this.#size;
  }

  /** Returns the value of a task; `undefined` if it has none. */
  get(client: string, id: string): Value | undefined {
    return this.#clients.get(client)?.get(id);
  }

  /** Sets the value of a task, in place of an earlier one. */
  set(client: string, id: string, value: Value): void {
    let tasks = this.#clients.get(client);
    if (tasks === undefined) this.#clients.set(client, tasks = new Map());
    const before = tasks.size;
    tasks.set(id, value);
    this.#size += tasks.size - before;
  }

  /** Deletes a task, and returns whether it had a value. */
  delete(client: string, id: string): boolean {
    const tasks = this.#clients.get(client);
    if (tasks === undefined || !tasks.delete(id)) return false;
    if (tasks.size === 0) this.#clients.delete(client);
    this.#size--;
    return true;
  }

  /** Returns the values of all tasks, client by client. */
  *values(): Generator<Value, void, undefined> {
    for (const tasks of this.#clients.values()) yield* tasks.values();
  }

  /** Deletes all tasks. */
  clear(): void {
    this.#clients.clear();
    this.#size = 0;
  }
}
