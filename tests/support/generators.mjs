// deno-lint-ignore-file no-console -- its output is what the test reads
/**
 * Iterates over monitored generators, in any runtime. The arguments are the URL of the module, and the server to
 * report to.
 */

/**
 * Runs generators to their end, leaves one early, makes one throw an error, and cancels one.
 *
 * @param {typeof import("../../lib/monitored.ts").monitored} monitored the function under test
 * @param {string} server the address of the server to report to
 * @returns {Promise<unknown[]>} the values that the generators led to
 */
export async function iterate(monitored, server) {
  const seen = [];
  const count = monitored(function* (task, to) {
    task.log("begun");
    for (let n = 1; n <= to; n++) yield n;
    return new Map([["to", to]]);
  }, { name: "sync", server });
  seen.push([...count(3)]);
  for (const n of count.with({ id: "left" })(3)) if (n === 2) break;
  const later = monitored(async function* (task, numbers) {
    for await (const n of task.track(numbers)) yield n * 2;
  }, { name: "async", server });
  const doubled = later([1, 2]);
  for await (const n of doubled) seen.push(n);
  seen.push(await doubled.next());
  const failing = later.with({ id: "failing" })([1]);
  await failing.next();
  seen.push(await failing.throw(new RangeError("into it")).catch((error) => error.message));
  const run = count.with({ id: "cancelled" }).start(Infinity);
  run.cancel();
  seen.push(await run.done.catch((error) => error.name));
  // No code awaits the end of this generator, so the program may exit before that end is reported.
  for (const n of count.with({ id: "last" })(1)) seen.push(n);
  return seen;
}

const program = globalThis.Deno?.args ?? globalThis.process?.argv.slice(2) ?? [];
if (program.length === 2) {
  const [module, server] = program;
  const { monitored } = await import(module);
  console.log(JSON.stringify(await iterate(monitored, server)));
}
