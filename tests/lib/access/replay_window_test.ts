/** Tests that `ReplayWindow` recognizes numbers that a sender has already used. */

import { ReplayWindow } from "../../../lib/access/replay_window.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("ReplayWindow.use() accepts each number of a sender once, in any order", () => {
  const window = new ReplayWindow();
  const order = [3, 1, 2, 40, 33, 32, 31, 65_576, 41, 65_575];
  for (const number of order) assertEquals(window.use("a", number), true, `first ${number}`);
  for (const number of order) assertEquals(window.use("a", number), false, `again ${number}`);
  assertEquals(window.use("b", 1), true, "each sender has its own numbers");
});

Deno.test("ReplayWindow.use() refuses numbers that are older than the window, and remembers all newer ones", () => {
  const window = new ReplayWindow();
  assertEquals(window.use("a", 70_000), true);
  assertEquals(window.use("a", 70_000 - 65_536), false);
  assertEquals(window.use("a", 70_000 - 65_535), true);
  // The window reuses the bit of a number that it has passed for a later number.
  for (const number of [100_000, 135_535, 500_000]) {
    assertEquals(window.use("a", number), true, `${number}`);
    assertEquals(window.use("a", number - 1), true, `${number - 1}`);
    assertEquals(window.use("a", number), false, `again ${number}`);
  }
});

Deno.test("ReplayWindow.use() forgets the sender that was silent longest if there are too many", () => {
  const window = new ReplayWindow();
  for (let sender = 0; sender < 64; sender++) window.use(`${sender}`, 1);
  window.use("0", 2);
  window.use("new", 1);
  assertEquals(window.use("0", 1), false, "it was active");
  assertEquals(window.use("1", 1), true, "it was forgotten");
});
