// deno-lint-ignore-file no-console -- its output is what the test reads
/**
 * A program that drops references to unfinished monitored generators, and prints the tasks of the generators.
 */

import { wrapperFor } from "../../../lib/reporter/wrap.ts";
import { RecordingSink } from "../../support/recording_sink.ts";

const sink = new RecordingSink();
const monitored = wrapperFor(() => sink);
const controller = new AbortController();

function* endless(): Generator<number, void, unknown> {
  for (let i = 0;; i++) yield i;
}

/**
 * Begins generators and drops them. This is a separate function, so that no variable of the module still
 * refers to them.
 */
async function drop(): Promise<void> {
  monitored(endless, { name: "never begun" })();
  monitored(endless, { name: "sync" })().next();
  const later = async function* (): AsyncGenerator<number, void, unknown> {
    yield* endless();
  };
  await monitored(later, { name: "async" })().next();
  monitored(() => endless(), { name: "returned" })();
  monitored(endless, { name: "cancelled", signal: controller.signal })().next();
}

await drop();
controller.abort();
const { gc } = globalThis as unknown as { readonly gc: () => void };
for (let i = 0; i < 100 && sink.closed.length < 4; i++) {
  gc();
  // Finalizers run in a later turn of the event loop.
  await new Promise((resolve) => setTimeout(resolve, 5));
}
console.log(JSON.stringify(sink.tasks().map(({ name, state, error }) => ({ name, state, error }))));
