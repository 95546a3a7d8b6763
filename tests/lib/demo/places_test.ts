import { Places } from "../../../lib/demo/places.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { until } from "../../support/until.ts";

/** Returns an asynchronous function whose promise is pending until `end()` is called. */
function held(): {
  readonly work: () => Promise<void>;
  readonly end: () => void;
  readonly begun: () => boolean;
} {
  const { promise, resolve } = Promise.withResolvers<void>();
  let hasBegun = false;
  const work = () => {
    hasBegun = true;
    return promise;
  };
  return { work, end: resolve, begun: () => hasBegun };
}

const { signal } = new AbortController();

Deno.test("Places.use() lets a limited number of runs work at the same time; others follow in the order of their arrival", async () => {
  const places = new Places(2);
  const runs = Array.from({ length: 4 }, held);
  const done = runs.map(({ work }) => places.use(signal, work));
  assertEquals(runs.map(({ begun }) => begun()), [true, true, false, false]);
  assert(places.isFull);
  runs[1]!.end();
  await until(() => runs[2]!.begun());
  assertEquals(runs.map(({ begun }) => begun()), [true, true, true, false]);
  runs[2]!.end();
  await until(() => runs[3]!.begun());
  runs.forEach(({ end }) => end());
  await Promise.all(done);
  assertEquals(places.isFull, false);
});

Deno.test("Places.use() frees the place of work that fails, and forgets a run that is aborted while it waits", async () => {
  const places = new Places(1);
  const reason = new Error("stop");
  assertEquals(await assertRejects(() => places.use(signal, () => Promise.reject(reason))), reason);
  const first = held();
  const done = places.use(signal, first.work);
  const controller = new AbortController();
  const aborted = held();
  const waiting = places.use(controller.signal, aborted.work);
  const last = held();
  const lastDone = places.use(signal, last.work);
  controller.abort(reason);
  assertEquals(await assertRejects(() => waiting), reason);
  assertEquals(await assertRejects(() => places.use(controller.signal, aborted.work)), reason);
  first.end();
  await until(() => last.begun());
  last.end();
  await Promise.all([done, lastDone]);
  assertEquals(aborted.begun(), false);
  assertEquals(places.isFull, false);
});
