import { HeldUpdate } from "../../../../lib/monitor/cluster/held_update.ts";
import { LIMITS } from "../../../../lib/task/grammar.ts";
import { parseChange } from "../../../../lib/task/protocol.ts";
import type { JsonObject, UpdateChange } from "../../../../lib/task/task.ts";
import { mergeMetadata } from "../../../../lib/task/transition.ts";
import type { ValuePoint } from "../../../../lib/task/values.ts";
import { assertEquals, assertLessOrEqual } from "../../../support/assert.ts";

type Fields = Omit<UpdateChange, "type">;

/** Returns the updates, reported at 1, 2, 3 and so on, merged into one that an owner would take. */
function merged(...updates: readonly Fields[]): UpdateChange {
  const held = new HeldUpdate();
  for (const [index, fields] of updates.entries()) held.add(index + 1, { type: "update", ...fields });
  assertEquals(held.at, updates.length);
  assertEquals(parseChange(JSON.parse(JSON.stringify(held.change))), held.change);
  return held.change;
}

Deno.test("HeldUpdate keeps the newest value of each field", () => {
  const change = merged(
    { status: "reading", current: 1, total: 8, unit: "files", expected_weight: 3 },
    { current: 2, unit: null, expected_weight: null, progress: 25 },
  );
  const newest = { current: 2, total: 8, unit: null, expected_weight: null, progress: 25 };
  assertEquals(change, { type: "update", status: "reading", ...newest });
});

Deno.test("HeldUpdate appends the points of each series of values", () => {
  const change = merged(
    { values: { loss: 30 } },
    { values: { loss: [[1.5, 20], [2, 10]], size: 4 } },
    { current: 1 },
    { values: { size: 5 } },
  );
  assertEquals(change.values, { loss: [[1, 30], [1.5, 20], [2, 10]], size: [[2, 4], [4, 5]] });
});

Deno.test("HeldUpdate keeps the extremes of a series with too many points", () => {
  const values = Array.from({ length: 2_000 }, (_, n) => n === 700 ? -5 : n === 900 ? 5 : Math.sin(n));
  const loss = merged(...values.map((value) => ({ values: { loss: value } }))).values!.loss as ValuePoint[];
  assertLessOrEqual(loss.length, LIMITS.unsentValuePoints);
  const kept = loss.map(([, value]) => value);
  assertEquals(
    [kept[0], Math.min(...kept), Math.max(...kept), kept.at(-1)],
    [values[0], -5, 5, values.at(-1)],
  );
});

Deno.test("HeldUpdate merges no more series than a task may have", () => {
  const change = merged(...Array.from({ length: 20 }, (_, n) => ({ values: { [`s${n}`]: n } })));
  assertEquals(Object.keys(change.values!).length, LIMITS.valueSeries);
});

Deno.test("HeldUpdate merges metadata key by key, and keeps removals", () => {
  const { metadata } = merged({ metadata: { a: 1, b: 1 } }, { metadata: { a: null, c: 2 } }, { current: 1 });
  assertEquals(metadata, { a: null, b: 1, c: 2 });
});

Deno.test("HeldUpdate ignores metadata that would make it too large to send, like a record", () => {
  const a = { a: "x".repeat(10_000) };
  const patches: readonly JsonObject[] = [a, { b: "y".repeat(10_000) }, { c: 1 }];
  const { metadata } = merged(...patches.map((metadata) => ({ metadata })));
  assertEquals(metadata, { ...a, c: 1 });
  assertEquals(metadata, patches.reduce(mergeMetadata, {}));
});
