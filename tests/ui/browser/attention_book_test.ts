import type { Task } from "../../../lib/task/task.ts";
import { AttentionBook } from "../../../ui/browser/attention_book.ts";
import { failureKey } from "../../../ui/browser/opened_tasks.ts";
import { type Attention, attentionOf, candidatesOf, MAX_ATTENTION } from "../../../ui/shared/attention.ts";
import { listedTasks } from "../../../ui/shared/list_slice.ts";
import { assertEquals } from "../../support/assert.ts";
import { exampleTask, finishedTask } from "../../support/example_task.ts";

const NOW = 100_000;

function fromServer(tasks: readonly Task[]): Attention {
  const candidates = candidatesOf(listedTasks(tasks), NOW);
  return attentionOf(candidates.tasks.map(({ task }) => task), candidates.limits, NOW);
}

Deno.test("AttentionBook shows the other tasks once many failures were opened, also after the next answer of the server", () => {
  const count = MAX_ATTENTION + 10;
  const failed = Array.from(
    { length: count },
    (_, index) => finishedTask({ id: `f${index}`, state: "ERROR", finished_at: NOW - count + index }),
  );
  const attention = fromServer([...failed, exampleTask({ id: "stale", stale: true })]);
  const book = new AttentionBook({ value: NOW });
  const shown = () => book.items.value.map(({ task }) => task);
  book.replace(attention);
  assertEquals(shown(), failed.slice(-MAX_ATTENTION).toReversed());
  book.opened.value = new Set(shown().map(failureKey));
  const left = ["f9", "f8", "f7", "f6", "f5", "f4", "f3", "f2", "f1", "f0", "stale"];
  assertEquals(shown().map(({ id }) => id), left);
  book.replace(attention);
  assertEquals(shown().map(({ id }) => id), left);
});

Deno.test("AttentionBook counts a failure as opened only if it is the one that was opened, not another with its id", () => {
  const book = new AttentionBook({ value: NOW });
  const failure = (finished_at: number) => finishedTask({ id: "nightly", state: "ERROR", finished_at });
  book.note(failure(NOW - 20));
  book.opened.value = new Set([failureKey(failure(NOW - 20))]);
  assertEquals(book.items.value, []);
  book.remove("nightly");
  book.note(failure(NOW - 10));
  assertEquals(book.items.value.map(({ concern }) => concern), ["failed"]);
});
