import { Announcer } from "../../ui/announcer.ts";
import type { Milestone } from "../../ui/milestones.ts";
import { assertEquals } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";

function milestone(id: string): Milestone {
  return { id, kind: "finished", text: `${id} finished` };
}

Deno.test("Announcer says together what came together, and then pauses", () => {
  using clock = new FakeClock();
  const said: string[] = [];
  using announcer = new Announcer((text) => said.push(text));
  announcer.note(milestone("a"));
  announcer.note(milestone("b"));
  assertEquals(said, []);
  clock.pass(250);
  assertEquals(said, ["a finished. b finished"]);
  announcer.note(milestone("c"));
  clock.pass(3_999);
  assertEquals(said.length, 1);
  clock.pass(1);
  assertEquals(said, ["a finished. b finished", "c finished"]);
});

Deno.test("Announcer speaks soon again after a pause in which nothing happened", () => {
  using clock = new FakeClock();
  const said: string[] = [];
  using announcer = new Announcer((text) => said.push(text));
  announcer.note(milestone("a"));
  clock.pass(60_000);
  assertEquals(clock.pending, 0);
  announcer.note(milestone("b"));
  clock.pass(250);
  assertEquals(said, ["a finished", "b finished"]);
});

Deno.test("Announcer says news before what tasks did, of each topic only the newest", () => {
  using clock = new FakeClock();
  const said: string[] = [];
  using announcer = new Announcer((text) => said.push(text));
  announcer.tell("connection", "It is lost.");
  announcer.note(milestone("a"));
  announcer.tell("storage", "It is full.");
  announcer.tell("connection", "It is back.");
  clock.pass(250);
  assertEquals(said, ["It is back. It is full. a finished"]);
  announcer.tell("storage", "It has room.");
  clock.pass(4_000);
  assertEquals(said.slice(1), ["It has room."]);
  clock.pass(60_000);
  assertEquals([said.length, clock.pending], [2, 0]);
});

Deno.test("Announcer says nothing after its disposal", () => {
  using clock = new FakeClock();
  const said: string[] = [];
  {
    using announcer = new Announcer((text) => said.push(text));
    announcer.note(milestone("a"));
    announcer.tell("storage", "It is full.");
  }
  clock.pass(60_000);
  assertEquals(said, []);
});
