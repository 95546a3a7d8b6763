import { plainText } from "../../../../lib/text/terminal_text.ts";
import { assert, assertEquals, assertMatch } from "../../../support/assert.ts";
import { assertProblem, call } from "../../../support/calls.ts";
import { startServer } from "../../../support/server.ts";
import { TestSocket } from "../../../support/socket.ts";
import { run, startTaskServer } from "../../../support/task_server.ts";
import { SteppedTask } from "../../../support/terminal_server.ts";

const TEXT = { headers: { accept: "text/plain" } };

Deno.test("wantsText() returns true only if the client prefers text to JSON", async () => {
  await using server = startTaskServer();
  const tasks = `${server.url}/tasks/c`;
  await run(tasks, "echo", { id: "t" });
  const table: [string, boolean][] = [
    ["text/plain", true],
    ["TEXT/Plain; charset=UTF-8", true],
    ["text/*", true],
    ["text/plain, */*;q=0.1", true],
    ["application/json;q=0.5, text/plain", true],
    ["*/*", false],
    ["application/json", false],
    ["application/json, text/plain, */*", false],
    ["text/plain;q=0.5, application/json", false],
    ["text/plain;q=0, */*", false],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false],
    ["text/event-stream", false],
    ["text/", false],
    ["image/png", false],
    ["", false],
  ];
  for (const [accept, isText] of table) {
    for (const url of [tasks, `${tasks}?state=FINISHED`, `${tasks}/t`]) {
      // Each request is sent twice, because a repeated request takes the fast path.
      for (let time = 0; time < 2; time++) {
        const { status, headers, text } = await call("GET", url, { headers: { accept } });
        assertEquals(status, 200);
        const type = isText ? "text/plain; charset=utf-8" : "application/json";
        assertEquals(headers.get("content-type"), type, `${accept} ${url}`);
        assertMatch(text, isText ? /^(t {2})?echo {2}\[█{10}\] {2}100 % {2}Finished/ : /^\{/);
        assertMatch(headers.get("vary") ?? "", /\bAccept(,|$)/i);
        assertEquals(headers.get("cache-control"), "no-store");
      }
    }
  }
});

Deno.test("taskText() and listText() format tasks in 80 columns, with active tasks first", async () => {
  const [first, second] = [new SteppedTask(), new SteppedTask()];
  await using server = startServer({
    tasks: { first: first.fn, second: second.fn, done: () => {} },
  });
  const tasks = `${server.url}/tasks/c`;
  await run(tasks, "done", { id: "01JDK3Q4Z0M7XWZ9V0Y8C1N2B3" });
  await call("POST", `${tasks}/start/first`, { body: { id: "a" } });
  await call("POST", `${tasks}/start/second`, { body: { id: "b" } });
  await run(tasks, "done", { id: "late" });
  await first.update({
    progress: 42,
    status: "Half\x1b[2J way\nand a long way to go, of which nothing is to be seen",
  });
  await second.update({ status: "日本語" });
  await using socket = new TestSocket(`${server.url}/ws/tasks/c`);
  await socket.task("a", ({ progress }) => progress === 42);
  await socket.task("b", ({ status }) => status === "日本語");
  const list = await call("GET", tasks, TEXT);
  const lines = list.text.trimEnd().split("\n");
  assertMatch(lines[0]!, /^b {27}second {6}— {2}日本語 {6,}\S+$/);
  assertMatch(lines[1]!, /^a {27}first {4}42 % {2}Half way and a long way .*… {2}\S+$/);
  assertMatch(lines[2]!, /^late {24}done {4}100 % {2}Finished +\S+$/);
  assertMatch(lines[3]!, /^01JDK3Q4Z0M7XWZ9V0Y8C1N2B3 {2}done {4}100 % {2}Finished +\S+$/);
  assertEquals(lines.length, 4);
  const one = await call("GET", `${tasks}/a`, TEXT);
  assertMatch(
    one.text,
    /^first {2}\[█{4}░{6}\] {3}42 % {2}Half way and a long way to go… {2}\S+ {2,}estimating…\n$/,
  );
  for (const line of [...lines, one.text.trimEnd()]) {
    assert(line.length <= 80);
    assertEquals(plainText(line), line.replaceAll(/ +/g, " "));
  }
  first.end();
  second.end();
});

Deno.test("listText() applies filters, and ends with the number of the next page", async () => {
  await using server = startTaskServer();
  const tasks = `${server.url}/tasks/c`;
  for (const id of ["a", "b", "c"]) await run(tasks, "echo", { id });
  await run(tasks, "fails", { id: "d", tags: ["x"] });
  const ids = async (query: string) => {
    const { text, headers } = await call("GET", `${tasks}?${query}`, TEXT);
    const lines = text.trimEnd().split("\n").map((line) => line.startsWith("…") ? line : line.split(" ")[0]);
    return [lines, headers.get("link")];
  };
  assertEquals(await ids("state=ERROR"), [["d"], null]);
  assertEquals(await ids("name=echo&sort=created_at"), [["a", "b", "c"], null]);
  assertEquals(await ids("tag=x&q=fails"), [["d"], null]);
  assertEquals(await ids("limit=3"), [
    ["d", "c", "b", "… of 4 tasks; page=2 shows more"],
    '</tasks/c?limit=3&page=2>; rel="next"',
  ]);
  assertEquals(await ids("limit=3&page=2"), [["a"], null]);
  assertEquals(await ids("limit=3&sort=-created_at"), [
    ["d", "c", "b", "… of 4 tasks; page=2 shows more"],
    '</tasks/c?limit=3&sort=-created_at&page=2>; rel="next"',
  ]);
  assertEquals((await call("GET", `${tasks}?state=CANCELLED`, TEXT)).text, "No tasks\n");
  assertEquals((await call("GET", `${server.url}/tasks/nobody`, TEXT)).text, "No tasks\n");
  assertProblem(await call("GET", `${tasks}?state=none`, TEXT), 400, "bad_filter");
  assertProblem(await call("GET", `${tasks}/none`, TEXT), 404, "task_not_found");
  const { cursor } = (await call("GET", tasks)).json;
  const changes = await call("GET", `${tasks}?after=${cursor}`, TEXT);
  assertEquals(changes.json, { cursor, tasks: [], removed: [] }, "a request with a cursor always gets JSON");
});

Deno.test("listText() formats at most 1,000 tasks per page", async () => {
  await using server = startTaskServer({ limits: { endedTasksPerClient: 2_000 } });
  const echo = server.monitor.monitored(() => {}, { name: "echo", client: "c" });
  await Promise.all(Array.from({ length: 1_001 }, () => echo()));
  await echo();
  const { text, headers } = await call("GET", `${server.url}/tasks/c`, TEXT);
  const lines = text.trimEnd().split("\n");
  assertEquals([lines.length, lines.at(-1)], [1_001, "… of 1,002 tasks; limit=1000&page=2 shows more"]);
  const [next] = /(?<=^<)[^>]*(?=>; rel="next"$)/.exec(headers.get("link")!)!;
  assertEquals(next, "/tasks/c?limit=1000&page=2");
  const rest = await call("GET", `${server.url}${next}`, TEXT);
  assertEquals([rest.text.trimEnd().split("\n").length, rest.headers.get("link")], [2, null]);
  const idsOf = (lines: readonly string[]) => lines.map((line) => line.split(" ")[0]!);
  const ids = [...idsOf(lines.slice(0, -1)), ...idsOf(rest.text.trimEnd().split("\n"))];
  assertEquals(new Set(ids).size, 1_002, "the two pages have all tasks, each once");
  assertEquals((await call("GET", `${server.url}/tasks/c?page=11`, TEXT)).text.split("\n").length, 3);
});

Deno.test("responses as text require read access, and support HEAD", async () => {
  const tasks = { echo: () => {} };
  await using server = startServer({ tasks, authorize: (_request, { client }) => client === "mine" });
  await run(`${server.url}/tasks/mine`, "echo", { id: "t" });
  assertProblem(await call("GET", `${server.url}/tasks/c`, TEXT), 403, "not_allowed");
  assertProblem(await call("GET", `${server.url}/tasks/c/t`, TEXT), 403, "not_allowed");
  const head = await call("HEAD", `${server.url}/tasks/mine/t`, TEXT);
  assertEquals([head.status, head.text, head.headers.get("content-type")], [
    200,
    "",
    "text/plain; charset=utf-8",
  ]);
});
