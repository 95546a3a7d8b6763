import { Deadline, withTimeout } from "../../lib/timeout.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

Deno.test("withTimeout() resolves with the promise's value, or with undefined after the timeout", async () => {
  assertEquals(await withTimeout(Promise.resolve(5), 60_000), 5);
  assertEquals(await withTimeout(new Promise(() => {}), 1), undefined);
});

Deno.test("withTimeout() rejects if the promise rejects, and leaves no timer behind", async () => {
  await assertRejects(
    () => withTimeout(Promise.reject(new RangeError("broken")), 60_000),
    RangeError,
    "broken",
  );
});

Deno.test("Deadline aborts its signal after the timeout", async () => {
  const deadline = new Deadline(new AbortController().signal, 1);
  await new Promise((resolve) => deadline.signal.addEventListener("abort", resolve));
  assertEquals(deadline.hasTimedOut, true);
  deadline.clear();
});

Deno.test("Deadline follows its parent signal until it is cleared", () => {
  const parent = new AbortController();
  const cleared = new Deadline(parent.signal, 60_000);
  cleared.clear();
  const deadline = new Deadline(parent.signal, 60_000);
  parent.abort();
  assertEquals([deadline.signal.aborted, deadline.hasTimedOut], [true, false]);
  assertEquals(cleared.signal.aborted, false);
  deadline.clear();
  const late = new Deadline(parent.signal, 60_000);
  assertEquals(late.signal.aborted, true);
  late.clear();
});
