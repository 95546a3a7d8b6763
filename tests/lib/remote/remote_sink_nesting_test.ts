/** Tests which tasks of `monitored()` become subtasks of the task that the environment names. */

import { monitored } from "../../../lib/monitored.ts";
import { remoteSink } from "../../../lib/remote/remote_sink.ts";
import { setHomeServer } from "../../../lib/reporter/home_server.ts";
import { registerMonitor } from "../../../lib/reporter/local_monitors.ts";
import { assertEquals } from "../../support/assert.ts";
import { freshChannel } from "../../support/channel_monitor.ts";
import { LocalMonitor } from "../../support/local_monitor.ts";
import { startServer } from "../../support/server.ts";
import { Variable } from "../../support/variable.ts";

/**
 * Sets the environment variables of Taskscope, and restores them on disposal; a variable without a value is
 * unset.
 */
class Environment implements Disposable {
  readonly #variables = ["SERVER", "CLIENT", "PARENT"].map((name) => new Variable(`TASKSCOPE_${name}`));

  constructor(...values: readonly (string | undefined)[]) {
    values.forEach((value, index) => {
      if (value !== undefined) this.#variables[index]!.value = value;
    });
  }

  [Symbol.dispose](): void {
    for (const variable of this.#variables) variable[Symbol.dispose]();
  }
}

/** Reports a task with a subtask to a new server; returns the parents of both, by name. */
async function parentsIn(
  environment: (url: string) => readonly (string | undefined)[],
  options: (url: string) => { readonly server?: string; readonly client?: string } = () => ({}),
): Promise<Record<string, string | null>> {
  await using server = startServer();
  using _environment = new Environment(...environment(server.url));
  const nested = monitored((task) => {
    task.child("child").finish();
  }, { id: "t", name: "nested", channel: freshChannel(), ...options(server.url) });
  await nested();
  // Dispose of the sink that the call has created.
  using _sink = remoteSink(server.url);
  const { registry } = server.monitor;
  const tasks = registry.clients().flatMap((client) => registry.tasks(client));
  return Object.fromEntries(tasks.map(({ name, parent_id }) => [name, parent_id]));
}

Deno.test("monitored() makes a task a subtask of the surrounding task if both have the same server and client", async () => {
  const elsewhere = "http://127.0.0.1:1";
  const table: [Awaited<ReturnType<typeof parentsIn>>, ...Parameters<typeof parentsIn>][] = [
    [{ nested: "p", child: "t" }, (url) => [url, "c", "p"]],
    [{ nested: "p", child: "t" }, (url) => [`${url}/`, undefined, "p"]],
    [{ nested: "p", child: "t" }, (url) => [url, "c", "p"], (url) => ({ server: `${url}/`, client: "c" })],
    [{ nested: null, child: "t" }, (url) => [url, "c", "p"], () => ({ client: "other" })],
    [{ nested: null, child: "t" }, () => [elsewhere, "c", "p"], (server) => ({ server })],
    [{ nested: null, child: "t" }, () => [undefined, "c", "p"], (server) => ({ server })],
    [{ nested: null, child: "t" }, (url) => [url, "c", ""]],
    [{ nested: null, child: "t" }, (url) => [url, "c", "not/an/id"]],
    // The named task is the task itself, which can't be its own parent.
    [{ nested: null, child: "t" }, (url) => [url, "c", "t"]],
  ];
  for (const [index, [expected, ...args]] of table.entries()) {
    assertEquals(await parentsIn(...args), expected, `row ${index}`);
  }
});

Deno.test("monitored() uses the server from which the module was imported if the environment names no server", async () => {
  using home = new DisposableStack();
  home.defer(() => setHomeServer("http://127.0.0.1:1/monitored.ts"));
  const environment = (url: string) => {
    setHomeServer(`${url}/monitored.ts`);
    return [undefined, undefined, "p"];
  };
  assertEquals(await parentsIn(environment), { nested: "p", child: "t" });
});

Deno.test("monitored() does not make a task that reports to a monitor in the same process a subtask", async () => {
  using local = new LocalMonitor();
  using withdraw = new DisposableStack();
  withdraw.defer(registerMonitor("announced", local.sink));
  using _environment = new Environment("http://127.0.0.1:1", "default", "p");
  await monitored(() => 5, { channel: "announced" })();
  assertEquals(local.tasks.map(({ parent_id }) => parent_id), [null]);
});
