/**
 * Iterates over a monitored generator and ends, in any runtime. The arguments are the URL of the module, and the
 * server to report to.
 */

const [module, server] = globalThis.Deno?.args ?? globalThis.process.argv.slice(2);
const { monitored } = await import(module);
const count = monitored(function* () {
  yield 1;
  return "counted";
}, { id: "last", server });
if ([...count()].join() !== "1") throw new Error("not counted");
