/**
 * Counts SIGINT signals, and prints the count shortly after the first one.
 *
 * @module
 */

/** How long the program waits for further signals after the first one, in milliseconds. */
const MOMENT_MS = 400;

let count = 0;
Deno.addSignalListener("SIGINT", () => {
  if (++count > 1) return;
  setTimeout(() => {
    // deno-lint-ignore no-console -- the test reads the output
    console.log(`heard ${count}`);
    Deno.exit(4);
  }, MOMENT_MS);
});
// A timer keeps the process alive, because a signal listener does not.
setTimeout(() => Deno.exit(1), 20_000);
// deno-lint-ignore no-console -- the test reads the output
console.log("ready");
