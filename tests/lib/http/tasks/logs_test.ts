/** Tests the pages of a task's log, and its history, over HTTP. */

import type { HistoryEntry, LogLine } from "../../../../lib/task/task.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../../support/assert.ts";
import { assertProblem, call } from "../../../support/calls.ts";
import { startServer, type TestServer } from "../../../support/server.ts";
import { ended, startTaskServer } from "../../../support/task_server.ts";
import { StoreFolder } from "../../../support/store_folder.ts";

interface Page {
  readonly lines: readonly LogLine[];
  readonly first: number;
  readonly next: number;
  readonly count: number;
}

/**
 * Starts a server with a task "t" that has written lines, of which the newest are stored; also returns the
 * URL of its log.
 */
async function logging(written: number, kept: number): Promise<{ server: TestServer; logs: string }> {
  const server = startServer({ limits: { logLinesPerTask: kept } });
  const write = server.monitor.monitored((task) => {
    for (let n = 0; n < written; n++) task.log(`line ${n}`);
  }, { client: "c", id: "t", name: "logging" });
  await write();
  return { server, logs: `${server.url}/tasks/c/t/logs` };
}

function numbersOf({ lines }: Page): number[] {
  return lines.map(({ text }) => Number(text.slice("line ".length)));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

Deno.test("Logs returns lines after or before a number, up to a limit", async () => {
  const { server, logs } = await logging(100, 50);
  await using _server = server;
  const table: [string, [from: number, to: number]][] = [
    ["", [50, 100]],
    ["?limit=10", [90, 100]],
    ["?limit=10000", [50, 100]],
    ["?after=60", [60, 100]],
    ["?after=60&limit=5", [60, 65]],
    ["?after=98&limit=5", [98, 100]],
    ["?before=60", [50, 60]],
    ["?before=60&limit=5", [55, 60]],
    ["?before=52&limit=5", [50, 52]],
    ["?after=60&before=70", [60, 70]],
    ["?after=60&before=70&limit=5", [60, 65]],
    ["?after=60&before=62&limit=5", [60, 62]],
  ];
  for (const [query, [from, to]] of table) {
    const { status, json, headers } = await call("GET", logs + query);
    assertEquals([status, headers.get("cache-control")], [200, "no-store"]);
    assertEquals(Object.keys(json), ["lines", "first", "next", "count"]);
    assertEquals([json.first, json.next, json.count], [from, to, 100], query);
    assertEquals(numbersOf(json), range(from, to), query);
    assertEquals(Object.keys(json.lines[0]), ["at", "text"]);
  }
});

Deno.test("Logs returns no lines for an empty range, but the number of the next line", async () => {
  const { server, logs } = await logging(100, 50);
  await using _server = server;
  for (
    const [query, next] of [["?after=100", 100], ["?after=999", 100], ["?after=70&before=60", 70]] as const
  ) {
    assertEquals((await call("GET", logs + query)).json, { lines: [], first: next, next, count: 100 }, query);
  }
  const silent = server.monitor.monitored(() => {}, { client: "c", id: "silent" });
  await silent();
  const { json } = await call("GET", `${server.url}/tasks/c/silent/logs`);
  assertEquals(json, { lines: [], first: 0, next: 0, count: 0 });
});

Deno.test("Logs can be paged forwards and backwards, even if the oldest lines were dropped", async () => {
  const { server, logs } = await logging(100, 50);
  await using _server = server;
  for (const limit of [1, 7, 25, 100]) {
    const forward: number[] = [];
    let after = 0;
    for (let pages = 0; after < 100; pages++) {
      assert(pages < 200, `with pages of ${limit} the end is never reached`);
      const { json } = await call("GET", `${logs}?after=${after}&limit=${limit}`);
      forward.push(...numbersOf(json));
      after = json.next;
    }
    assertEquals(forward, range(50, 100), `pages of ${limit}`);
    const back: number[] = [];
    let page: Page | undefined;
    while (page === undefined || page.lines.length === limit) {
      const before: number = page?.first ?? 100;
      page = (await call("GET", `${logs}?before=${before}&limit=${limit}`)).json as Page;
      back.unshift(...numbersOf(page));
    }
    assertEquals(back, range(50, 100), `pages of ${limit}`);
  }
});

Deno.test("Logs returns the lines from a time on, of those that are stored", async () => {
  const { server, logs } = await logging(100, 50);
  await using _server = server;
  const { json: { lines } } = await call("GET", `${logs}?after=0`);
  const times = [0, ...lines.map(({ at }: LogLine) => at), lines.at(-1).at + 0.001];
  for (const since of new Set<number>(times)) {
    const { json } = await call("GET", `${logs}?since=${since}`);
    assertEquals(json.lines, lines.filter(({ at }: LogLine) => at >= since), String(since));
    assertEquals(json.first, 100 - json.lines.length);
  }
  assertEquals(
    numbersOf((await call("GET", `${logs}?since=0&after=60&before=70&limit=5`)).json),
    range(60, 65),
  );
  assertEquals((await call("GET", `${logs}?since=0&q=line%207`)).json.lines.length, 10);
  for (const value of ["-1", "x", "1e3", "", "Infinity", "2026-01-01"]) {
    assertProblem(await call("GET", `${logs}?since=${value}`), 400, "bad_filter");
  }
});

Deno.test("Logs refuses invalid numbers and limits that are too large", async () => {
  const { server, logs } = await logging(3, 50);
  await using _server = server;
  for (const name of ["after", "before", "limit"]) {
    for (const value of ["-1", "x", "1e3", "1.5", "", "%201", "1234567890123456"]) {
      const answer = await call("GET", `${logs}?${name}=${value}`);
      assertProblem(answer, 400, "bad_filter");
      assertStringIncludes(answer.json.detail, `"${name}"`);
    }
  }
  for (const limit of [0, 10_001]) {
    const answer = await call("GET", `${logs}?limit=${limit}`);
    assertProblem(answer, 400, "bad_filter");
    assertStringIncludes(answer.json.detail, 'The parameter "limit" must be between 1 and 10000');
  }
  for (const limit of [1, 10_000]) assertEquals((await call("GET", `${logs}?limit=${limit}`)).status, 200);
  assertProblem(await call("GET", `${server.url}/tasks/c/unknown/logs`), 404, "task_not_found");
});

Deno.test("Logs returns the newest page of a long log, and at most one page", async () => {
  const { server, logs } = await logging(12_000, 20_000);
  await using _server = server;
  const all = (await call("GET", `${logs}?after=0&limit=10000`)).json;
  assertEquals([all.lines.length, all.first, all.next, all.count], [10_000, 0, 10_000, 12_000]);
  const newest = await call("GET", logs);
  assertEquals(newest.status, 200, "a limit on stored lines is not an invalid filter");
  assertEquals(newest.json.next, 12_000);
});

Deno.test("Rest.history() returns the states and status texts of a task, oldest first", async () => {
  await using server = startTaskServer();
  const talk = server.monitor.monitored(async (task) => {
    for (const status of ["Reading", "Writing"]) {
      await task.update({ progress: 5, status });
      // This pause keeps the two updates from being coalesced.
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  }, { client: "c", id: "t" });
  await talk();
  const record = await ended(`${server.url}/tasks/c/t`);
  const answer = await call("GET", `${server.url}/tasks/c/t/history`);
  assertEquals([answer.status, Object.keys(answer.json)], [200, ["history"]]);
  assertEquals(answer.headers.get("content-type"), "application/json");
  const history: HistoryEntry[] = answer.json.history;
  assertEquals(history.map(({ state, status }) => `${state} ${status}`), [
    "NOT_STARTED Not started",
    "STARTING Starting",
    "PROCESSING Reading",
    "PROCESSING Writing",
    "FINISHED Writing",
  ]);
  for (const entry of history) {
    assertEquals(Object.keys(entry), ["at", "state", "status", "progress", "version"]);
  }
  assertEquals([history[0]?.at, history.at(-1)?.at], [record.created_at, record.finished_at] as number[]);
  assertEquals(history.at(-1)?.version, record.version as number);
  assertProblem(await call("GET", `${server.url}/tasks/c/unknown/history`), 404, "task_not_found");
});

Deno.test("Logs responds with all stored lines as a text file if the client asks for text", async () => {
  const { server, logs } = await logging(5_000, 3_500);
  await using _server = server;
  const header = { headers: { accept: "text/plain" } };
  for (const answer of [await call("GET", logs, header), await call("GET", `${logs}?format=text`)]) {
    assertEquals(answer.status, 200);
    assertEquals(answer.headers.get("content-type"), "text/plain; charset=utf-8");
    assertEquals(answer.headers.get("content-disposition"), 'attachment; filename="t.log"');
    // Older versions of Deno compress responses, and therefore add Accept-Encoding to Vary.
    assertMatch(answer.headers.get("vary") ?? "", /(^|, )Accept(,|$)/);
    const lines = answer.text.split("\n");
    assertEquals(lines.pop(), "", "the last line ends with a line break, too");
    assertEquals(lines.map((line) => Number(line.split(" ").at(-1))), range(1_500, 5_000));
    assert(lines.every((line) => /^\d{4}-\d\d-\d\dT[\d:.]+Z line \d+$/.test(line)), lines[0]);
  }
  const some = await call("GET", `${logs}?format=text&after=2000&limit=3`);
  assertEquals(some.text.match(/line \d+/g), ["line 2000", "line 2001", "line 2002"]);
  assertEquals((await call("GET", `${logs}?format=json&limit=1`, header)).json.count, 5_000);
  assertEquals((await call("GET", logs, { headers: { accept: "*/*" } })).json.count, 5_000);
  assertProblem(await call("GET", `${logs}?format=html`), 400, "bad_filter");
  assertProblem(await call("GET", `${server.url}/tasks/c/unknown/logs?format=text`), 404, "task_not_found");
});

Deno.test("Logs responds with an empty text if there are no lines, and stops sending when the client disconnects", async () => {
  const { server, logs } = await logging(50_000, 50_000);
  await using _server = server;
  await server.monitor.monitored(() => {}, { client: "c", id: "silent" })();
  assertEquals((await call("GET", `${server.url}/tasks/c/silent/logs?format=text`)).text, "");
  const answer = await fetch(`${logs}?format=text`);
  const reader = answer.body!.getReader();
  const first = await reader.read();
  assertStringIncludes(new TextDecoder().decode(first.value), "line 0");
  await reader.cancel();
  assertEquals((await call("GET", `${logs}?limit=1`)).json.count, 50_000);
  assertEquals(server.errors, []);
});

Deno.test("Logs includes lines that are only on disk in the text file", async () => {
  using folder = new StoreFolder();
  await using server = startServer({ data: folder.file });
  await server.monitor.monitored((task) => {
    for (let n = 0; n < 2_500; n++) task.log(`line ${n}`);
  }, { client: "c", id: "long" })();
  const answer = await call("GET", `${server.url}/tasks/c/long/logs?format=text`);
  assertEquals(answer.text.match(/line \d+/g)?.length, 2_500);
});

Deno.test("Logs searches every stored line, and says how many lines it searched", async () => {
  const { server, logs } = await logging(3_000, 2_000);
  await using _server = server;
  const table: [query: string, numbers: number[], index: number, matches: number][] = [
    ["q=LINE%20299", [2_990, 2_991, 2_992, 2_993, 2_994, 2_995, 2_996, 2_997, 2_998, 2_999], 0, 10],
    ["q=line%20299&limit=2", [2_998, 2_999], 8, 10],
    ["q=line%20299&limit=2&before=2995", [2_993, 2_994], 3, 10],
    ["q=line%20299&limit=2&after=2993", [2_993, 2_994], 3, 10],
    ["q=line%205", [], 0, 0],
  ];
  for (const [query, numbers, index, matches] of table) {
    const { status, json } = await call("GET", `${logs}?${query}`);
    assertEquals(status, 200);
    const { lines, ...rest } = json;
    assertEquals(lines.map(({ number, text }: { number: number; text: string }) => [number, text]), [
      ...numbers.map((number) => [number, `line ${number}`]),
    ], query);
    assertEquals(rest, { index, matches, searched: 2_000, count: 3_000 }, query);
  }
  assertEquals((await call("GET", `${logs}?q=`)).json.count, 3_000, "an empty text is no search");
  assertEquals((await call("GET", `${logs}?q=a&limit=0`)).status, 400);
  const long = await call("GET", `${logs}?q=${"x".repeat(1_001)}`);
  assertProblem(long, 400, "bad_filter");
  assertStringIncludes(long.json.detail, "1000 characters");
});

Deno.test("Logs responds with every matching line as text, from memory and from disk", async () => {
  using folder = new StoreFolder();
  for (const data of [null, folder.file]) {
    await using server = startServer({ ...(data !== null && { data }), limits: { logLinesPerTask: 10_000 } });
    await server.monitor.monitored((task) => {
      for (let n = 0; n < 6_000; n++) task.log(n % 2 === 0 ? `even ${n}` : `odd ${n}`);
    }, { client: "c", id: "long" })();
    const logs = `${server.url}/tasks/c/long/logs?format=text`;
    const numbers = async (query: string) =>
      (await call("GET", `${logs}&${query}`)).text.match(/(?<=Z even )\d+/g)?.map(Number) ?? [];
    assertEquals(await numbers("q=even"), Array.from({ length: 3_000 }, (_, i) => 2 * i));
    assertEquals(await numbers("q=even&after=11&limit=2"), [12, 14]);
    assertEquals(await numbers("q=even&limit=2500"), Array.from({ length: 2_500 }, (_, i) => 2 * i));
    assertEquals((await call("GET", `${logs}&q=neither`)).text, "");
  }
});

Deno.test("Logs filters lines by the output they were written to, and by severity", async () => {
  using folder = new StoreFolder();
  for (const data of [null, folder.file]) {
    await using server = startServer({ ...(data !== null && { data }) });
    const task = `${server.url}/tasks/c/t`;
    await call("POST", `${server.url}/tasks/c`, { body: { id: "t" } });
    const lines = [
      { text: "a", stream: "stdout" },
      { text: "b", stream: "stderr", level: "error" },
      { text: "c", level: "debug" },
      { text: "d", level: "warn" },
      "e",
    ];
    assertEquals((await call("POST", `${task}/logs`, { body: { lines } })).status, 200);
    const found = async (query: string) => {
      const { json } = await call("GET", `${task}/logs?${query}`);
      return json.lines.map(({ text }: LogLine) => text).join("");
    };
    const table: [query: string, texts: string][] = [
      ["", "abcde"],
      ["stream=stderr", "b"],
      ["stream=stdout", "a"],
      ["level=trace", "bcd"],
      ["level=warn", "bd"],
      ["level=fatal", ""],
      ["level=warn&q=D", "d"],
      ["level=warn&stream=stderr", "b"],
      ["level=&stream=", "abcde"],
    ];
    for (const [query, texts] of table) assertEquals(await found(query), texts, query);
    const { json } = await call("GET", `${task}/logs`);
    assertEquals(json.lines.map(({ at: _, ...line }: LogLine) => line), [...lines.slice(0, 4), {
      text: "e",
    }]);
    for (const query of ["stream=stdin", "level=WARN", "level=5"]) {
      assertProblem(await call("GET", `${task}/logs?${query}`), 400, "bad_filter");
    }
  }
});

Deno.test("Logs returns only the lines that begin or end groups, with their titles", async () => {
  await using server = startServer();
  await server.monitor.monitored((task) => {
    for (const text of ["a", "::group::Build", `::group::${"x".repeat(900)}`, "b", "::endgroup::", "group"]) {
      task.log(text);
    }
  }, { client: "c", id: "t" })();
  const { json } = await call("GET", `${server.url}/tasks/c/t/logs?groups=true&after=0&limit=2`);
  assertEquals(
    json.lines.map(({ number, text }: { number: number; text: string }) => [number, text.length]),
    [
      [1, 14],
      [2, 400],
    ],
  );
  assertEquals([json.matches, json.searched], [3, 6]);
  assertProblem(await call("GET", `${server.url}/tasks/c/t/logs?groups=x`), 400, "bad_filter");
  assertEquals((await call("GET", `${server.url}/tasks/c/t/logs?groups=false`)).json.lines.length, 6);
});
