import { AmbiguousMonitorError } from "../../../lib/errors.ts";
import { localMonitor, registerMonitor } from "../../../lib/reporter/local_monitors.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "../../support/assert.ts";
import { RecordingSink } from "../../support/recording_sink.ts";

Deno.test("localMonitor() returns the only monitor, or the monitor with the given channel, if there is one", () => {
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

Deno.test("registerMonitor() returns a function that unregisters only the given monitor", () => {
  const [old, young] = [new RecordingSink(), new RecordingSink()];
  const withdrawOld = registerMonitor("a", old);
  const withdrawYoung = registerMonitor("a", young);
  withdrawOld();
  assertStrictEquals(localMonitor("a"), young);
  withdrawYoung();
});

Deno.test("registerMonitor() shares the monitors with a second copy of the module, as after an import by URL", async () => {
  const copy: typeof import("../../../lib/reporter/local_monitors.ts") = await import(
    "../../../lib/reporter/local_monitors.ts?copy"
  );
  const sink = new RecordingSink();
  const withdraw = registerMonitor("a", sink);
  assertStrictEquals(copy.localMonitor(undefined), sink);
  withdraw();
  assertEquals(copy.localMonitor(undefined), undefined);
});
