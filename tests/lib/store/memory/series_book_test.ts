import { SeriesBook } from "../../../../lib/store/memory/series_book.ts";
import type { ProgressPoint } from "../../../../lib/task/task.ts";
import { assertEquals } from "../../../support/assert.ts";

function points(count: number): ProgressPoint[] {
  return Array.from({ length: count }, (_, index) => [index, index]);
}

Deno.test("SeriesBook forgets what was not written for longest where there is too much, but never the last", () => {
  const book = new SeriesBook({ progressPoints: 10 });
  const lengths = () => ["1", "2", "3"].map((id) => book.read("c", id).length);
  book.put("c", "1", points(4));
  book.put("c", "2", points(4));
  book.put("c", "1", points(5));
  assertEquals(lengths(), [5, 4, 0]);
  book.put("c", "3", points(5));
  assertEquals(lengths(), [5, 0, 5]);
  book.put("c", "2", points(99));
  assertEquals(lengths(), [0, 99, 0]);
  book.delete("c", "2");
  book.put("c", "1", points(5));
  book.put("c", "3", points(5));
  assertEquals(lengths(), [5, 0, 5], "what was deleted takes no room");
  book.clear();
  assertEquals(lengths(), [0, 0, 0]);
});
