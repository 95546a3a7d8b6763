/**
 * Writes a recording to stdout and stderr with its original timing:
 *
 *     deno run --allow-read tests/support/replay.ts rsync_progress2
 *
 * @module
 */

import { readRecording } from "./recordings.ts";

const encoder = new TextEncoder();
const started = performance.now();
const { written } = await readRecording(Deno.args[0]!);
for (const { ms, output, text } of written) {
  const waitMs = started + ms - performance.now();
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  let rest = encoder.encode(text);
  while (rest.length > 0) rest = rest.subarray(await Deno[output].write(rest));
}
