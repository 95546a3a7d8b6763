import fc from "fast-check";
import { TaskMap } from "../../../lib/task/task_map.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("TaskMap behaves like a map whose keys are joined from the client token and the id", () => {
  const text = fc.constantFrom("a", "b", "c", "__proto__");
  const step = fc.record({
    client: text,
    id: text,
    change: fc.constantFrom("set" as const, "set" as const, "delete" as const, "clear" as const),
    value: fc.nat(),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const tasks = new TaskMap<number>();
    const naive = new Map<string, number>();
    for (const { client, id, change, value } of steps) {
      const key = `${client}/${id}`;
      if (change === "set") {
        tasks.set(client, id, value);
        naive.set(key, value);
      } else if (change === "delete") assertEquals(tasks.delete(client, id), naive.delete(key));
      else if (value % 8 === 0) {
        tasks.clear();
        naive.clear();
      }
      assertEquals([tasks.size, tasks.get(client, id)], [naive.size, naive.get(key)]);
    }
    const sorted = (values: Iterable<number>) => [...values].sort((left, right) => left - right);
    assertEquals(sorted(tasks.values()), sorted(naive.values()));
  }));
});
