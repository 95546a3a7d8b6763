import { AmbiguousMonitorError } from "../../../lib/errors.ts";
import { localMonitor, registerMonitor } from "../../../lib/reporter/local_monitors.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "../../support/assert.ts";
import { RecordingSink } from "../../support/recording_sink.ts";

Deno.test("localMonitor() is the only one, the one that is named, or none", () => {
  assertEquals([localMonitor(undefined), localMonitor("a")], [undefined, undefined]);
  const [a, b] = [new RecordingSink(), new RecordingSink()];
  const withdrawA = registerMonitor("a", a);
  assertStrictEquals(localMonitor(undefined), a);
  assertEquals(localMonitor("b"), undefined);
  const withdrawB = registerMonitor("b", b);
  assertThrows(() => localMonitor(undefined), AmbiguousMonitorError);
  assertStrictEquals(localMonitor("b"), b);
  withdrawA();
  withdrawA();
  assertStrictEquals(localMonitor(undefined), b);
  withdrawB();
  assertEquals(localMonitor(undefined), undefined);
});

Deno.test("registerMonitor() is taken back for the monitor that it was made for only", () => {
  const [old, young] = [new RecordingSink(), new RecordingSink()];
  const withdrawOld = registerMonitor("a", old);
  const withdrawYoung = registerMonitor("a", young);
  withdrawOld();
  assertStrictEquals(localMonitor("a"), young);
  withdrawYoung();
});

Deno.test("registerMonitor() is seen by a second copy of the module, as after an import by URL", async () => {
  const copy: typeof import("../../../lib/reporter/local_monitors.ts") = await import(
    "../../../lib/reporter/local_monitors.ts?copy"
  );
  const sink = new RecordingSink();
  const withdraw = registerMonitor("a", sink);
  assertStrictEquals(copy.localMonitor(undefined), sink);
  withdraw();
  assertEquals(copy.localMonitor(undefined), undefined);
});
