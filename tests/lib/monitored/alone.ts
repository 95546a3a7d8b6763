// deno-lint-ignore-file no-console -- its output is what the test reads
/** A program that calls monitored functions without a monitor. */

import { monitored } from "../../../lib/monitored.ts";

const double = monitored(async (task, numbers: number[]) => {
  const doubled: number[] = [];
  for await (const number of task.track(numbers)) doubled.push(number * 2);
  using child = task.child("check");
  await child.update({ progress: 50 });
  task.log("doubled");
  return doubled;
});
const failing = monitored(() => {
  throw new RangeError("own error");
});

const results = await Promise.all([
  double([1, 2, 3]),
  double([4]),
  failing().catch((error) => error.message),
]);
console.log(JSON.stringify(results));
console.log(JSON.stringify(await double([5])));
// Not awaited: the process must exit all the same.
double.start([6]);
