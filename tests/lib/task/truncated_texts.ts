/** Prints how many bytes stay in memory while 50 texts are kept, each truncated from 1 MiB. */

import { truncate } from "../../../lib/task/truncate.ts";

declare function gc(): void;

gc();
const before = Deno.memoryUsage().heapUsed;
const texts = Array.from({ length: 50 }, (_, n) => truncate(`${n}`.padEnd(1024 * 1024, ".,"), 8_192));
gc();
const bytes = Deno.memoryUsage().heapUsed - before;
// deno-lint-ignore no-console
console.log(JSON.stringify({ bytes, count: texts.filter((text) => text.endsWith("…")).length }));
