/** A worker whose tasks report to a server in another process, controlled by a test. */

import { monitored } from "../../../lib/monitored.ts";
import { serveCommands } from "../../support/isolate.ts";

let run: Promise<unknown>;

serveCommands({
  start({ server, id, count }: { readonly server: string; readonly id: string; readonly count: number }) {
    const counting = monitored(async (task) => {
      for (let current = 1; current <= count; current++) await task.update({ current });
      await new Promise((_, reject) => {
        task.signal.addEventListener("abort", () => reject(task.signal.reason));
      });
    }, { name: "counting", server, id });
    run = counting();
    run.catch(() => {});
  },
  outcome: () => run.then(String, String),
});
