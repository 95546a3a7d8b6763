import { Presence } from "../../../lib/cluster/presence.ts";
import { assertEquals } from "../../support/assert.ts";

const LEASE_MS = 10_000;
const RENEW_MS = 3_000;

/**
 * Sends a heartbeat every `RENEW_MS` from time 0 on, and returns for each heartbeat which nodes `Presence`
 * reports as ended.
 */
function endedAt(beats: readonly (readonly [present: string | null, running: string])[]): string[] {
  const presence = new Presence(LEASE_MS);
  let at = 0;
  return beats.map(([present, running]) => {
    const nodes = (text: string) => text.split(" ").filter((node) => node !== "");
    const ended = presence.ended(present === null ? null : nodes(present), new Set(nodes(running)), at);
    at += RENEW_MS;
    return ended.join(" ");
  });
}

/** Heartbeats of node "a", which has seen the nodes "b" and "c" for longer than the duration of a lease. */
const STEADY = Array.from({ length: 5 }, (): [string, string] => ["a b c", "b c"]);

Deno.test("Presence reports an absent node as ended as long as it has running tasks", () => {
  assertEquals(endedAt([...STEADY, ["a b", "b c"], ["a b", "b c"], ["a b", "b"]]).slice(5), ["c", "c", ""]);
});

Deno.test("Presence does not report a node as ended that has started since the last heartbeat", () => {
  assertEquals(endedAt([...STEADY, ["a b c", "b c d"], ["a b c d", "b c d"]]).slice(5), ["", ""]);
  assertEquals(endedAt([...STEADY, ["a b c", "b c d"], ["a b c", "b c d"]]).slice(5), ["", "d"]);
});

Deno.test("Presence waits for the duration of a lease after an outage or its own start before it reports nodes as ended", () => {
  const absent = (count: number) => Array.from({ length: count }, (): [string, string] => ["a", "b c"]);
  assertEquals(endedAt(absent(6)), ["", "", "", "", "b c", "b c"]);
  assertEquals(endedAt([...STEADY, [null, "b c"], ...absent(5)]).slice(5), ["", "", "", "", "", "b c"]);
});

Deno.test("Presence waits for the duration of a lease after it was frozen itself", () => {
  const presence = new Presence(LEASE_MS);
  const running = new Set(["b"]);
  for (let at = 0; at <= 12_000; at += RENEW_MS) presence.ended(["a", "b"], running, at);
  assertEquals(presence.ended(["a"], running, 60_000), []);
  for (let at = 63_000; at < 70_000; at += RENEW_MS) assertEquals(presence.ended(["a"], running, at), []);
  assertEquals(presence.ended(["a"], running, 70_000), ["b"]);
});
