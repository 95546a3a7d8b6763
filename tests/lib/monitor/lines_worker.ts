/** A worker that runs a monitored function, which writes log lines until the test ends or aborts it. */

import { monitored, type MonitoredTask } from "../../../lib/monitored.ts";
import { serveCommands } from "../../support/isolate.ts";

const begun = Promise.withResolvers<MonitoredTask>();
const over = Promise.withResolvers<string>();
let done: Promise<string>;
let lines = 0;

serveCommands({
  start({ id, channel }: { readonly id: string; readonly channel: string }) {
    const run = monitored(async (task) => {
      begun.resolve(task);
      const aborted = new Promise<never>((_, reject) => {
        task.signal.addEventListener("abort", () => reject(task.signal.reason), { once: true });
      });
      return await Promise.race([over.promise, aborted]);
    }, { name: "lines", id, channel });
    done = run();
    done.catch(() => {});
  },
  /** Writes log lines, each followed by an update. */
  async log(count: number) {
    const task = await begun.promise;
    for (const end = lines + count; lines < end;) {
      task.log(`line ${lines}`);
      await task.update({ current: ++lines });
    }
  },
  async end() {
    over.resolve("ended");
    return await done;
  },
  /** Waits until the function was aborted. */
  aborted: () => done.then(() => false, () => true),
});
