import { signal } from "@preact/signals";
import { LIMITS } from "../../../lib/task/grammar.ts";
import { ValueBook } from "../../../lib/task/value_book.ts";
import type { ValuePoint } from "../../../lib/task/values.ts";
import { LiveValues } from "../../../ui/browser/live_values.ts";
import { assertEquals, assertLessOrEqual } from "../../support/assert.ts";
import { EXAMPLE_TIME, exampleTask } from "../../support/example_task.ts";

/** Returns the body of a response with the points after a time, of series that consist of some points. */
function bodyOf(series: Readonly<Record<string, readonly ValuePoint[]>>, after = -Infinity, ignored = 0) {
  const all = Object.entries(series).map(([name, points]) => {
    const values = points.map(([, value]) => value);
    return {
      name,
      last: values.at(-1),
      min: Math.min(...values),
      max: Math.max(...values),
      points: points.filter(([at]) => at > after),
    };
  });
  return { series: all, count: Object.values(series).flat().length, ignored };
}

Deno.test("LiveValues requests all values first, and then those that are later than the latest one", () => {
  const task = signal(exampleTask({ value_count: 0 }));
  using live = new LiveValues(task);
  assertEquals(live.next(), null);
  task.value = exampleTask({ value_count: 3 });
  assertEquals(live.next(), -Infinity);
  live.add(bodyOf({ loss: [[1, 5], [2, 4]], rate: [[1.5, 9]] }, -Infinity, 7), -Infinity);
  assertEquals(live.next(), null);
  task.value = exampleTask({ value_count: 4 });
  assertEquals(live.next(), 2);
  live.add(bodyOf({ loss: [[1, 5], [2, 4], [3, 6]], rate: [[1.5, 9]] }, 2), 2);
  assertEquals(live.next(), null);
  assertEquals(live.values.value, {
    series: [{ name: "loss", points: [[1, 5], [2, 4], [3, 6]] }, { name: "rate", points: [[1.5, 9]] }],
    ignored: 0,
  });
});

Deno.test("LiveValues fetches everything again after a value that came late, and then requests no more", () => {
  using live = new LiveValues(signal(exampleTask({ value_count: 4 })));
  live.add(bodyOf({ a: [[9, 1]], b: [[1, 1]] }), -Infinity);
  const later = { a: [[9, 1]], b: [[1, 1], [2, 3]] } as const;
  // The value of b is earlier than that of a, so the response has no points.
  live.add(bodyOf(later, 9), 9);
  assertEquals(live.next(), -Infinity);
  live.add({ ...bodyOf(later), count: 4 }, -Infinity);
  assertEquals(live.next(), null);
  assertEquals(live.values.value.series[1]!.points, later.b);
});

Deno.test("LiveValues keeps no more points than the server, and the extremes among them", () => {
  const task = signal(exampleTask({ value_count: 1 }));
  using live = new LiveValues(task);
  const server = new ValueBook(LIMITS.valuePoints);
  const pages = Array.from({ length: 50 }, (_, page) =>
    Array.from({ length: 40 }, (_, index): ValuePoint => {
      const at = 40 * page + index;
      return [at, at === 1_111 ? -50 : Math.sin(at)];
    }));
  pages.forEach((points, page) => {
    server.add({ wave: points }, 0);
    const after = live.next() ?? 40 * page - 1;
    live.add(bodyOf({ wave: server.values.series[0]!.points }, after), after);
    const shown = live.values.value.series[0]!.points;
    assertLessOrEqual(shown.length, LIMITS.valuePoints);
    assertEquals(shown.at(-1), points.at(-1));
  });
  assertEquals(Math.min(...live.values.value.series[0]!.points.map(([, value]) => value)), -50);
});

Deno.test("LiveValues requests all values if no request could express the time of the latest one", () => {
  for (const at of [-5, 1e30]) {
    const task = signal(exampleTask({ value_count: 1 }));
    using live = new LiveValues(task);
    live.add(bodyOf({ a: [[at, 1]] }), -Infinity);
    task.value = exampleTask({ value_count: 2 });
    assertEquals(live.next(), -Infinity);
  }
});

Deno.test("LiveValues starts over when another task reuses the id, and after restart()", () => {
  const task = signal(exampleTask({ value_count: 1 }));
  using live = new LiveValues(task);
  live.add(bodyOf({ a: [[1, 1]] }), -Infinity);
  live.restart();
  assertEquals([live.next(), live.values.value.series.length], [-Infinity, 1]);
  live.add(bodyOf({ a: [[1, 1]] }), -Infinity);
  task.value = exampleTask({ created_at: EXAMPLE_TIME + 1, value_count: 1 });
  assertEquals([live.next(), live.values.value.series.length], [-Infinity, 0]);
});

Deno.test("LiveValues.add() does not throw for any response body", () => {
  using live = new LiveValues(signal(exampleTask({ value_count: 1 })));
  for (
    const body of [null, 1, {}, { series: 5 }, { series: [{}] }, { series: [{ name: 1, points: [1, []] }] }]
  ) {
    live.add(body, -Infinity);
    live.values.value.series.forEach(({ name }) => assertEquals(typeof name, "string"));
  }
});
