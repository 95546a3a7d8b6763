import { Announcer } from "../../../ui/browser/announcer.ts";
import { type Milestone, milestoneBetween } from "../../../ui/shared/milestones.ts";
import { assertEquals, assertLessOrEqual, assertNotEquals } from "../../support/assert.ts";
import { exampleTask } from "../../support/example_task.ts";
import { FakeClock } from "../../support/fake_clock.ts";

function milestone(id: string): Milestone {
  return { id, kind: "finished", text: `${id} finished` };
}

Deno.test("Announcer joins milestones that come close together, and then pauses", () => {
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

Deno.test("Announcer announces a milestone soon if the last announcement was long ago", () => {
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

Deno.test("Announcer announces messages before milestones, and only the newest of each topic", () => {
  using clock = new FakeClock();
  const said: string[] = [];
  using announcer = new Announcer((text) => said.push(text));
  announcer.announce("connection", "It is lost.");
  announcer.note(milestone("a"));
  announcer.announce("storage", "It is full.");
  announcer.announce("connection", "It is back.");
  clock.pass(250);
  assertEquals(said, ["It is back. It is full. a finished"]);
  announcer.announce("storage", "It has room.");
  clock.pass(4_000);
  assertEquals(said.slice(1), ["It has room."]);
  clock.pass(60_000);
  assertEquals([said.length, clock.pending], [2, 0]);
});

Deno.test("Announcer announces at once what can be undone, and then pauses", () => {
  using clock = new FakeClock();
  const said: string[] = [];
  using announcer = new Announcer((text) => said.push(text));
  announcer.announce("undo", "Press Undo.");
  assertEquals(said, ["Press Undo."]);
  announcer.note(milestone("a"));
  announcer.announce("undo", "Press it again.");
  assertEquals(said.slice(1), ["Press it again. a finished"]);
  announcer.note(milestone("b"));
  clock.pass(3_999);
  assertEquals(said.length, 2);
  clock.pass(1);
  assertEquals(said.slice(2), ["b finished"]);
  clock.pass(60_000);
  assertEquals([said.length, clock.pending], [3, 0]);
});

Deno.test("Announcer never writes the same text twice in a row, because a screen reader would not speak it", () => {
  using clock = new FakeClock();
  const said: string[] = [];
  using announcer = new Announcer((text) => said.push(text));
  for (let time = 0; time < 3; time++) {
    announcer.announce("list", "2 tasks match.");
    clock.pass(4_250);
  }
  assertEquals(said.map((text) => text.trim()), Array(3).fill("2 tasks match."));
  for (const [index, text] of said.slice(1).entries()) assertNotEquals(text, said[index]);
});

Deno.test("Announcer announces nothing after it is disposed of", () => {
  using clock = new FakeClock();
  const said: string[] = [];
  {
    using announcer = new Announcer((text) => said.push(text));
    announcer.note(milestone("a"));
    announcer.announce("storage", "It is full.");
  }
  clock.pass(60_000);
  assertEquals(said, []);
});

Deno.test("Announcer throttles 1,000 busy tasks to a short sentence every few seconds", () => {
  using clock = new FakeClock();
  const said: string[] = [];
  using announcer = new Announcer((text) => said.push(text));
  const tasks = Array.from({ length: 1_000 }, (_, index) => exampleTask({ id: `${index}`, progress: 0 }));
  const seconds = 30;
  for (let step = 0; step < seconds * 10; step++) {
    for (const [index, before] of tasks.entries()) {
      const progress = ((before.progress ?? 0) + 1 + (index % 7)) % 101;
      const isEnd = progress < before.progress!;
      const after = exampleTask({
        id: before.id,
        progress,
        ...(isEnd && { state: "FINISHED", active: false, finished_at: 1 }),
      });
      const milestone = milestoneBetween(before, after);
      if (milestone !== null) announcer.note(milestone);
      tasks[index] = isEnd ? exampleTask({ id: before.id, progress: 0 }) : after;
    }
    clock.pass(100);
  }
  assertLessOrEqual(said.length, Math.ceil(seconds / 4) + 1);
  assertLessOrEqual(5, said.length);
  for (const text of said) assertLessOrEqual(text.length, 120, text);
});
