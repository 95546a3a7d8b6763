import { resolveStorage, type StorageOptions } from "../../../lib/config/storage_options.ts";
import { ConfigError } from "../../../lib/errors.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

Deno.test("resolveStorage() merges options with the defaults", () => {
  const table: [StorageOptions, ReturnType<typeof resolveStorage>][] = [
    [{}, { file: null, url: null, durability: "normal" }],
    [{ data: ":memory:", durability: "full" }, { file: null, url: null, durability: "full" }],
    [{ data: "tasks.db" }, { file: "tasks.db", url: null, durability: "normal" }],
    [{ data: "/var/lib/tasks.db", durability: "full" }, {
      file: "/var/lib/tasks.db",
      url: null,
      durability: "full",
    }],
    [{ data: "postgres://u@h/d" }, { file: null, url: "postgres://u@h/d", durability: "normal" }],
  ];
  for (const [options, resolved] of table) assertEquals(resolveStorage(options), resolved);
  assertEquals(resolveStorage(), { file: null, url: null, durability: "normal" });
});

Deno.test("resolveStorage() rejects an empty path and unknown durabilities", () => {
  const table: [unknown, string][] = [
    [{ data: "" }, 'Cannot keep tasks: wanted a file, a "postgres://" URL or ":memory:", received ""'],
    [{ durability: "" }, 'Cannot use durability: wanted normal or full, received ""'],
    [{ durability: "extreme" }, 'Cannot use durability: wanted normal or full, received "extreme"'],
    [{ durability: null }, 'Cannot use durability: wanted normal or full, received "null"'],
  ];
  for (const [options, message] of table) {
    const error = assertThrows(() => resolveStorage(options as StorageOptions), ConfigError);
    assertEquals(error.message, message);
  }
});
