import { relayedSignals, SignalRelay } from "../../../../lib/cli/run/signal_relay.ts";
import { assertEquals } from "../../../support/assert.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

/** Returns a relay; `mayType` is whether keyboard signals may come from a keyboard, `null` if there is no keyboard. */
function relay(mayType: boolean | null): { readonly relay: SignalRelay; readonly passed: Deno.Signal[] } {
  const passed: Deno.Signal[] = [];
  const keyboard = mayType === null ? null : { maySignal: () => Promise.resolve(mayType) };
  return { relay: new SignalRelay({ keyboard, relay: (signal) => passed.push(signal) }), passed };
}

Deno.test("SignalRelay.handle() forwards the same signal only once within 250 ms", () => {
  using clock = new FakeClock();
  const { relay: subject, passed } = relay(null);
  subject.handle("SIGINT");
  clock.pass(100);
  subject.handle("SIGINT");
  subject.handle("SIGTERM");
  assertEquals(passed, ["SIGINT", "SIGTERM"]);
  clock.pass(200);
  subject.handle("SIGINT");
  assertEquals(passed, ["SIGINT", "SIGTERM", "SIGINT"]);
});

Deno.test("SignalRelay.handle() does not forward keyboard signals if the command shares the terminal", async () => {
  using clock = new FakeClock();
  const { relay: subject, passed } = relay(true);
  for (const signal of relayedSignals("linux")) subject.handle(signal);
  await clock.passAsync(0);
  assertEquals(passed, ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"]);
  assertEquals([...subject.received], relayedSignals("linux"));
});

Deno.test("SignalRelay.handle() forwards SIGINT and SIGQUIT if they cannot come from the keyboard", async () => {
  using clock = new FakeClock();
  const { relay: subject, passed } = relay(false);
  for (const signal of relayedSignals("linux")) subject.handle(signal);
  await clock.passAsync(0);
  assertEquals(passed.toSorted(), relayedSignals("linux").toSorted());
});

Deno.test("SignalRelay.commandEnded() calls its callback for every further signal, also for those of the keyboard", () => {
  const { relay: subject, passed } = relay(true);
  subject.handle("SIGTERM");
  let calls = 0;
  subject.commandEnded(() => calls++);
  for (const signal of ["SIGTERM", "SIGINT"] as const) subject.handle(signal);
  assertEquals([passed, calls, [...subject.received]], [["SIGTERM"], 2, ["SIGTERM"]]);
});

Deno.test("SignalRelay.listen() handles the signals that this process receives", async () => {
  const received = Promise.withResolvers<Deno.Signal>();
  const subject = new SignalRelay({ keyboard: null, relay: received.resolve });
  using _listening = subject.listen(Deno.build.os);
  // This timer keeps the process alive, because signal listeners do not.
  const deadline = setTimeout(() => received.reject(new Error("No signal came in 20 s")), 20_000);
  Deno.kill(Deno.pid, "SIGUSR2");
  assertEquals(await received.promise, "SIGUSR2");
  clearTimeout(deadline);
});

Deno.test("SignalRelay.whenReceived() waits for the signal that ended the command, but only briefly", async () => {
  using clock = new FakeClock();
  const subject = new SignalRelay({ keyboard: null, relay: () => {} });
  let isOver = false;
  const waits = (signal: Deno.Signal) => {
    isOver = false;
    return subject.whenReceived(signal).then(() => isOver = true);
  };
  // SignalRelay does not relay these signals.
  for (const signal of ["SIGKILL", "SIGSEGV"] as const) await waits(signal);
  const sent = waits("SIGTERM");
  subject.handle("SIGHUP");
  await clock.passAsync(200);
  assertEquals(isOver, false);
  subject.handle("SIGTERM");
  await sent;
  await waits("SIGTERM");
  const unsent = waits("SIGINT");
  await clock.passAsync(250);
  await unsent;
  assertEquals(clock.pending, 0);
});
