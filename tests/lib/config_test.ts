import {
  type AccessOptions,
  DEFAULT_LIMITS,
  type MonitorLimits,
  resolveAccess,
  resolveChannel,
  resolveLimits,
  resolveStorage,
  type StorageOptions,
} from "../../lib/config.ts";
import { ConfigError } from "../../lib/errors.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "../support/assert.ts";

Deno.test("resolveLimits() completes what is given with the defaults", () => {
  assertEquals(resolveLimits(), DEFAULT_LIMITS);
  assertEquals(resolveLimits({ watchers: 5 }), { ...DEFAULT_LIMITS, watchers: 5 });
  assertEquals(resolveLimits(DEFAULT_LIMITS), DEFAULT_LIMITS);
  for (const name of Object.keys(DEFAULT_LIMITS)) {
    assertEquals(resolveLimits({ [name]: 7 })[name as "watchers"], 7);
  }
});

Deno.test("resolveLimits() refuses what is no bound", () => {
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

Deno.test("resolveLimits() takes 0 where it makes sense only", () => {
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
    "frameIntervalMs",
  ]);
});

Deno.test("resolveAccess() completes where a monitor is reached", () => {
  const nothing = {
    basePath: "",
    hosts: null,
    allowAddressHosts: false,
    origins: new Set<string>(),
    publicOrigin: null,
    key: null,
    signIn: false,
    trustedProxies: new Set<string>(),
  };
  const key = "0123456789abcdef";
  const table: [AccessOptions, Partial<ReturnType<typeof resolveAccess>>][] = [
    [{}, {}],
    [{ basePath: "/monitor" }, { basePath: "/monitor" }],
    [{ basePath: "/a/b-c_d.e~f/" }, { basePath: "/a/b-c_d.e~f" }],
    [{ basePath: "/" }, { basePath: "" }],
    [{ allowedHosts: ["Example.org:80"] }, { hosts: new Set(["example.org:80"]) }],
    [{ allowedHosts: [] }, { hosts: new Set() }],
    [{ key }, { key, signIn: true }],
    [{ key, signIn: false, allowAddressHosts: true }, { key, allowAddressHosts: true }],
    [{ signIn: true }, {}],
    [{ trustedProxies: ["127.0.0.1", "2001:DB8:0::1"] }, {
      trustedProxies: new Set(["127.0.0.1", "2001:db8::1"]),
    }],
    [{ allowedOrigins: ["https://a.org", "HTTP://B.org/"] }, {
      origins: new Set(["https://a.org", "http://b.org"]),
    }],
    [{ publicUrls: ["https://ci.example.org/tasks/", "http://lan:8000"] }, {
      basePath: "/tasks",
      hosts: new Set(["ci.example.org", "lan:8000"]),
      origins: new Set(["https://ci.example.org", "http://lan:8000"]),
      publicOrigin: "https://ci.example.org",
    }],
    [{ publicUrls: ["https://ci.example.org/tasks"], basePath: "/inner", allowedHosts: ["127.0.0.1:8000"] }, {
      basePath: "/inner",
      hosts: new Set(["127.0.0.1:8000", "ci.example.org"]),
      origins: new Set(["https://ci.example.org"]),
      publicOrigin: "https://ci.example.org",
    }],
  ];
  for (const [options, resolved] of table) assertEquals(resolveAccess(options), { ...nothing, ...resolved });
});

Deno.test("resolveAccess() refuses what can't be", () => {
  for (const key of ["", "short", "0123456789abcde\u00e9", "0123456789 abcdef", "x".repeat(1_025)]) {
    const { message } = assertThrows(() => resolveAccess({ key }), ConfigError);
    assertMatch(message, /^The key must be 16 to 1024 characters of ASCII without spaces, received \d+ char/);
    assertEquals(key !== "" && message.includes(key), false);
  }
  for (const proxy of ["", "localhost", "1", "10.0.0.0/8", "127.0.0.1:80", "::1/64"]) {
    assertThrows(() => resolveAccess({ trustedProxies: [proxy] }), ConfigError, "wanted an IP address");
  }
  const basePaths = ["monitor", "/a b", "/a//b", "/a?b", "/a#b", "/%2e", "/ä", "http://x/"];
  for (const basePath of basePaths) {
    const error = assertThrows(() => resolveAccess({ basePath }), ConfigError);
    assertEquals(
      error.message,
      `Cannot use base path: wanted a path such as "/monitor", received "${basePath}"`,
    );
  }
  const publicUrls = [
    "",
    "example.org",
    "ftp://a.org",
    "https://a.org/?q",
    "https://a.org/#f",
    "https://u:p@a.org",
    "https://",
  ];
  for (const url of publicUrls) {
    const error = assertThrows(() => resolveAccess({ publicUrls: [url] }), ConfigError);
    assertEquals(
      error.message,
      `Cannot use public URL: wanted http(s)://host[:port][/path], received "${url}"`,
    );
  }
  const origins = [
    "",
    "*",
    "null",
    "a.org",
    "https://a.org/path",
    "file:///a",
    "https://a.org:443",
    "data:text/plain,x",
  ];
  for (const origin of origins) {
    const error = assertThrows(() => resolveAccess({ allowedOrigins: [origin] }), ConfigError);
    assertEquals(error.message, `Cannot allow origin: wanted http(s)://host[:port], received "${origin}"`);
  }
});

Deno.test("resolveChannel() takes a name of 1 to 128 characters", () => {
  assertEquals([resolveChannel(), resolveChannel("x"), resolveChannel("x".repeat(128)).length], [
    "taskscope",
    "x",
    128,
  ]);
  for (const name of ["", "x".repeat(129)]) {
    const error = assertThrows(() => resolveChannel(name), ConfigError);
    assertEquals(error.message, `Cannot use channel: wanted 1 to 128 characters, received ${name.length}`);
  }
});

Deno.test("resolveStorage() completes where tasks are kept, and what a commit survives", () => {
  const table: [StorageOptions, ReturnType<typeof resolveStorage>][] = [
    [{}, { file: null, durability: "normal" }],
    [{ data: ":memory:", durability: "full" }, { file: null, durability: "full" }],
    [{ data: "tasks.db" }, { file: "tasks.db", durability: "normal" }],
    [{ data: "/var/lib/tasks.db", durability: "full" }, { file: "/var/lib/tasks.db", durability: "full" }],
  ];
  for (const [options, resolved] of table) assertEquals(resolveStorage(options), resolved);
  assertEquals(resolveStorage(), { file: null, durability: "normal" });
});

Deno.test("resolveStorage() refuses what can't be", () => {
  const table: [unknown, string][] = [
    [{ data: "" }, 'Cannot keep tasks: wanted a file or ":memory:", received ""'],
    [{ durability: "" }, 'Cannot use durability: wanted normal or full, received ""'],
    [{ durability: "extreme" }, 'Cannot use durability: wanted normal or full, received "extreme"'],
    [{ durability: null }, 'Cannot use durability: wanted normal or full, received "null"'],
  ];
  for (const [options, message] of table) {
    const error = assertThrows(() => resolveStorage(options as StorageOptions), ConfigError);
    assertEquals(error.message, message);
  }
});

Deno.test("DEFAULT_LIMITS hold at least what a reporter may send at once", () => {
  assert(DEFAULT_LIMITS.requestBytes > 65_536 + 16_384);
  assert(DEFAULT_LIMITS.watcherQueueBytes >= 64 * 1024);
});
