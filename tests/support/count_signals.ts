/**
 * Counts how often it is interrupted, and says so a moment after the first time.
 *
 * @module
 */

/** How long a second signal may take that belongs to the first, in milliseconds. */
const MOMENT_MS = 400;

let count = 0;
Deno.addSignalListener("SIGINT", () => {
  if (++count > 1) return;
  setTimeout(() => {
    // deno-lint-ignore no-console -- this is what it is for
    console.log(`heard ${count}`);
    Deno.exit(4);
  }, MOMENT_MS);
});
// To listen is no reason to live on.
setTimeout(() => Deno.exit(1), 20_000);
// deno-lint-ignore no-console -- this is what it is for
console.log("ready");
