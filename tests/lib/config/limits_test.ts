import { DEFAULT_LIMITS, type MonitorLimits, resolveLimits } from "../../../lib/config/limits.ts";
import { ConfigError } from "../../../lib/errors.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../../support/assert.ts";

Deno.test("resolveLimits() merges limits with the defaults", () => {
  assertEquals(resolveLimits(), DEFAULT_LIMITS);
  assertEquals(resolveLimits({ watchers: 5 }), { ...DEFAULT_LIMITS, watchers: 5 });
  assertEquals(resolveLimits(DEFAULT_LIMITS), DEFAULT_LIMITS);
  for (const name of Object.keys(DEFAULT_LIMITS)) {
    assertEquals(resolveLimits({ [name]: 7 })[name as "watchers"], 7);
  }
});

Deno.test("resolveLimits() rejects unknown limits and values out of range", () => {
  const table: [Record<string, unknown>, string][] = [
    [{ watchers: 0 }, 'Cannot set limit "watchers": wanted a whole number from 1, received 0'],
    [{ watchers: -1 }, 'Cannot set limit "watchers": wanted a whole number from 1, received -1'],
    [{ watchers: 1.5 }, 'Cannot set limit "watchers": wanted a whole number from 1, received 1.5'],
    [{ watchers: NaN }, 'Cannot set limit "watchers": wanted a whole number from 1, received NaN'],
    [{ watchers: Infinity }, 'Cannot set limit "watchers": wanted a whole number from 1, received Infinity'],
    [{ watchers: "5" }, 'Cannot set limit "watchers": wanted a whole number from 1, received 5'],
    [{ watchers: null }, 'Cannot set limit "watchers": wanted a whole number from 1, received null'],
    [
      { frameIntervalMs: -1 },
      'Cannot set limit "frameIntervalMs": wanted a whole number from 0, received -1',
    ],
  ];
  for (const [limits, message] of table) {
    const error = assertThrows(() => resolveLimits(limits as Partial<MonitorLimits>), ConfigError);
    assertEquals(error.message, message);
  }
  for (const name of ["watcher", "toString", "constructor", "__proto__"]) {
    const limits = JSON.parse(`{"${name}":5}`);
    const { message } = assertThrows(() => resolveLimits(limits), ConfigError);
    assertStringIncludes(message, `Cannot set limit "${name}": wanted one of clients, liveTasksPerClient, `);
  }
});

Deno.test("resolveLimits() accepts 0 only for limits that may be 0", () => {
  const zero = Object.keys(DEFAULT_LIMITS).filter((name) => {
    try {
      resolveLimits({ [name]: 0 });
      return true;
    } catch {
      return false;
    }
  });
  assertEquals(zero, [
    "endedTasksPerClient",
    "endedTasks",
    "restoreWindowMs",
    "commitIntervalMs",
    "leaveMs",
    "frameIntervalMs",
  ]);
});

Deno.test("DEFAULT_LIMITS accept the largest request body that a reporter sends", () => {
  assert(DEFAULT_LIMITS.requestBytes > 65_536 + 16_384);
  assert(DEFAULT_LIMITS.watcherQueueBytes >= 64 * 1024);
});
