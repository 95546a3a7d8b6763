import { relayedSignals, SignalRelay } from "../../../../lib/cli/run/signal_relay.ts";
import { assertEquals } from "../../../support/assert.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

function relay(hasTerminal: boolean): { readonly relay: SignalRelay; readonly passed: Deno.Signal[] } {
  const passed: Deno.Signal[] = [];
  return { relay: new SignalRelay({ hasTerminal, relay: (signal) => passed.push(signal) }), passed };
}

Deno.test("SignalRelay.take() takes the same signal from two sources for one, and later ones not", () => {
  using clock = new FakeClock();
  const { relay: subject, passed } = relay(false);
  subject.take("SIGINT");
  clock.pass(100);
  subject.take("SIGINT");
  subject.take("SIGTERM");
  assertEquals(passed, ["SIGINT", "SIGTERM"]);
  clock.pass(200);
  subject.take("SIGINT");
  assertEquals(passed, ["SIGINT", "SIGTERM", "SIGINT"]);
});

Deno.test("SignalRelay.take() keeps to itself what a terminal has sent to the command already", () => {
  const { relay: subject, passed } = relay(true);
  for (const signal of relayedSignals("linux")) subject.take(signal);
  assertEquals(passed, ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"]);
  assertEquals([...subject.heard], relayedSignals("linux"));
});

Deno.test("SignalRelay.listen() hears this process, until it is disposed of", async () => {
  const heard = Promise.withResolvers<Deno.Signal>();
  const subject = new SignalRelay({ hasTerminal: false, relay: heard.resolve });
  using _listening = subject.listen(Deno.build.os);
  // To listen is no reason for a process to live on.
  const deadline = setTimeout(() => heard.reject(new Error("No signal came in 20 s")), 20_000);
  Deno.kill(Deno.pid, "SIGUSR2");
  assertEquals(await heard.promise, "SIGUSR2");
  clearTimeout(deadline);
});
