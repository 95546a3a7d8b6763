import { setImmediate } from "node:timers/promises";
import { type Sender, SendTurns } from "../../../../lib/http/streams/send_turns.ts";
import { assertEquals } from "../../../support/assert.ts";

Deno.test("SendTurns lets senders send in order, until those of one turn have sent 1 Mi characters", async () => {
  const turns = new SendTurns();
  const sent: string[] = [];
  const sender = (name: string, characters: number): Sender => ({
    sendNext: () => {
      sent.push(name);
      return characters;
    },
  });
  turns.add(sender("a", 1_000_000));
  turns.add(sender("b", 2_000_000));
  turns.add(sender("c", 500_000));
  turns.add(sender("gone", 0));
  turns.add(sender("d", 600_000));
  turns.add(sender("e", 1));
  assertEquals(sent, ["a", "b"]);
  await setImmediate();
  assertEquals(sent, ["a", "b", "c", "gone", "d"]);
  turns.add(sender("f", 1));
  assertEquals(sent.length, 5, "a later sender does not overtake");
  await setImmediate();
  assertEquals(sent.slice(5), ["e", "f"]);
  await setImmediate();
  turns.add(sender("g", 1));
  assertEquals(sent.at(-1), "g", "a new turn has room again");
  await setImmediate();
});
