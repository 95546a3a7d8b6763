/** A worker that runs an example of subtasks, one step at a time. */

import { monitored } from "../../../lib/monitored.ts";
import { serveCommands } from "../../support/isolate.ts";
import { runSubtaskExample } from "../../support/subtask_examples.ts";

interface Start {
  readonly id: string;
  readonly code: string;
  readonly channel?: string;
  readonly server?: string;
}

let step = Promise.withResolvers<number | null | "end">();
let next = Promise.withResolvers<void>();

serveCommands({
  start({ id, code, ...options }: Start) {
    const run = monitored(async (task) => {
      await runSubtaskExample(code, task, async (progress) => {
        const { promise } = next;
        step.resolve(progress);
        await promise;
      });
      const { promise } = next;
      step.resolve("end");
      await promise;
    }, { name: "example", id, ...options });
    run().catch((error) => step.reject(error));
  },
  /** Waits for the next step of the example; returns the progress that the task is expected to have then. */
  step: () => step.promise,
  /** Lets the example continue after a step. */
  next() {
    step = Promise.withResolvers();
    const before = next;
    next = Promise.withResolvers();
    before.resolve();
  },
});
