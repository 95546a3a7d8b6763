import { signal } from "@preact/signals";
import type { Concern } from "../../../ui/shared/attention.ts";
import type { AttentionItem } from "../../../ui/shared/view.ts";
import { announceAttention } from "../../../ui/browser/attention_announcer.ts";
import { assertEquals } from "../../support/assert.ts";
import { exampleTask } from "../../support/example_task.ts";

function item(id: string, concern: Concern): AttentionItem {
  return { task: exampleTask({ id, name: `task ${id}` }), concern };
}

Deno.test("announceAttention() announces only tasks that begin to need attention, and counts many", () => {
  const items = signal<readonly AttentionItem[]>([item("a", "stale")]);
  const texts: string[] = [];
  announceAttention(items, (text) => texts.push(text));
  items.value = [item("b", "failed"), item("a", "stale"), item("c", "slow")];
  items.value = [item("a", "stalled"), item("c", "slow")];
  items.value = [item("c", "slow")];
  items.value = ["d", "e", "f", "g"].map((id) => item(id, "stale"));
  assertEquals(texts, [
    "task c is slower than usual",
    "task a is stalled",
    "4 more tasks need attention",
  ]);
});
