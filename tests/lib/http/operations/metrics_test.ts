import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../../support/assert.ts";
import { call } from "../../../support/calls.ts";
import { spawn } from "../../../support/program.ts";
import { startServer } from "../../../support/server.ts";
import { TestSocket } from "../../../support/socket.ts";
import { creation, REPORTER, reportOf, ReportSocket } from "../../../support/report_socket.ts";
import { StoreFolder } from "../../../support/store_folder.ts";
import { storedTask } from "../../../support/store_model.ts";
import { findTool } from "../../../support/tools.ts";
import { VERSION } from "../../../../lib/version.ts";

const KEY = "the-key-of-this-very-server";
const FAMILIES = `
import sys, json
from prometheus_client.parser import text_string_to_metric_families as parse
print(json.dumps([[s.name, s.labels, s.value] for f in parse(open(sys.argv[1]).read()) for s in f.samples]))
`;

/** Parses metrics into their values, by name and labels. */
function figuresOf(text: string): Map<string, number> {
  return new Map(
    text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

Deno.test("Metrics.text() returns the current values", async () => {
  using folder = new StoreFolder();
  await using server = startServer({ data: `${folder.path}/tasks.db`, tasks: { quick: () => null } });
  const { monitored } = server.monitor;
  await monitored(() => null, { client: "c" })();
  await monitored(() => Promise.reject(new Error("no")), { client: "d" })().catch(() => {});
  await call("POST", `${server.url}/tasks/c`, { body: { id: "open" } });
  await using socket = new TestSocket(`${server.url}/ws/tasks/c`);
  await socket.count(1);
  await using reporter = new ReportSocket(server.url);
  await reporter.opened();
  await reporter.taken(
    reporter.report(creation("reported", 1, "e"), reportOf("reported", { type: "start" }, 2, "e")),
  );
  await call("POST", `${server.url}/report?reporter=${REPORTER}`, {
    body: { batch: 1, reports: [creation("posted", 3, "e")] },
  });
  await call("POST", `${server.url}/tasks/e/posted/cancel`);
  await call("DELETE", `${server.url}/tasks/e/posted`);
  await call("GET", `${server.url}/tasks/c/unknown`);
  await call("GET", `${server.url}/made-up/${"x".repeat(50)}`);
  const answer = await call("GET", `${server.url}/metrics`);
  assertEquals(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const figures = figuresOf(answer.text);
  const expected: Record<string, number> = {
    [`taskscope_build_info{version="${VERSION}"}`]: 1,
    'taskscope_tasks{state="NOT_STARTED"}': 1,
    'taskscope_tasks{state="FINISHED"}': 1,
    'taskscope_tasks{state="ERROR"}': 1,
    'taskscope_tasks{state="CANCELLED"}': 0,
    "taskscope_clients": 3,
    'taskscope_tasks{state="STARTING"}': 1,
    "taskscope_tasks_created_total": 5,
    'taskscope_tasks_ended_total{state="FINISHED"}': 1,
    'taskscope_tasks_ended_total{state="ERROR"}': 1,
    'taskscope_tasks_ended_total{state="CANCELLED"}': 1,
    'taskscope_watchers{transport="socket"}': 1,
    'taskscope_watchers{transport="events"}': 0,
    'taskscope_watchers_cut_total{transport="socket"}': 0,
    'taskscope_sent_messages_total{transport="socket"}': 1,
    'taskscope_sent_messages_total{transport="events"}': 0,
    'taskscope_reports_total{transport="http"}': 1,
    'taskscope_reports_total{transport="socket"}': 2,
    "taskscope_tasks_removed_total": 1,
    "taskscope_storage_commit_failures_total": 0,
    "taskscope_storage_left_out_total": 0,
    "taskscope_storage_damaged_records": 0,
    'taskscope_http_requests_total{root="/tasks",status="2xx"}': 3,
    'taskscope_http_requests_total{root="/tasks",status="4xx"}': 1,
    'taskscope_http_requests_total{root="/ws",status="1xx"}': 2,
    'taskscope_http_requests_total{root="/other",status="4xx"}': 1,
    'taskscope_problems_total{code="task_not_found"}': 1,
    'taskscope_problems_total{code="not_found"}': 1,
    "taskscope_storage_degraded": 0,
    'taskscope_webhooks_total{outcome="delivered"}': 0,
  };
  for (const [name, figure] of Object.entries(expected)) {
    assertEquals(figures.get(name), figure, `${name}\n${answer.text}`);
  }
  for (
    const name of ["taskscope_storage_bytes", "process_resident_memory_bytes", "taskscope_changes_total"]
  ) {
    assert(figures.get(name)! > 0, name);
  }
  const again = figuresOf((await call("GET", `${server.url}/metrics`)).text);
  assertEquals(
    again.get('taskscope_http_requests_total{root="/metrics",status="2xx"}'),
    1,
    "counters are read again for each response, not added up",
  );
  assertEquals(again.get("taskscope_tasks_created_total"), 5);
});

Deno.test("Metrics.text() counts the tasks that a killed server left unfinished as ended", async () => {
  using folder = new StoreFolder();
  {
    await using store = folder.open();
    for (const id of ["a", "b"]) store.put("c", storedTask(id, store.takeSeq(), "NOT_STARTED"));
    store.put("c", storedTask("old", store.takeSeq(), "FINISHED"));
  }
  await using server = startServer({ data: folder.file });
  const figures = async () => figuresOf((await call("GET", `${server.url}/metrics`)).text);
  const ended = (state: string) => `taskscope_tasks_ended_total{state="${state}"}`;
  const before = await figures();
  assertEquals(before.get('taskscope_tasks{state="ERROR"}'), 2);
  assertEquals([before.get(ended("ERROR")), before.get(ended("FINISHED"))], [2, 0]);
  await server.monitor.monitored(() => Promise.reject(new Error("no")))().catch(() => {});
  await server.monitor.monitored(() => null)();
  const after = await figures();
  assertEquals(["FINISHED", "ERROR", "CANCELLED"].map((state) => after.get(ended(state))), [1, 3, 0]);
});

Deno.test("Metrics require the key, and contain no task id, name, token or key", async () => {
  await using server = startServer({ key: KEY });
  const secrets = ["secret-client", "secret-id", "secret-name", "secret-text", KEY, "wrong-secret-key"];
  const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };
  await call("POST", `${server.url}/tasks/secret-client`, {
    headers,
    body: { id: "secret-id", name: "secret-name", status: "secret-text" },
  });
  await call("GET", `${server.url}/secret-name`, { headers });
  await call("GET", `${server.url}/tasks/secret-client`, {
    headers: { authorization: "Bearer wrong-secret-key" },
  });
  assertEquals((await call("GET", `${server.url}/metrics`)).status, 401);
  const { text } = await call("GET", `${server.url}/metrics`, { headers });
  assertMatch(text, /taskscope_problems_total\{code="bad_key"\} 1/);
  for (const secret of secrets) assertEquals(text.includes(secret), false, secret);
});

Deno.test("Metrics.text() returns a text that the Prometheus parser accepts", async () => {
  // The Prometheus parser is a Debian package for Debian's own Python, so use that Python.
  const python = await findTool(["/usr/bin/python3", "python3"], "A test of /metrics");
  if (python === undefined) return;
  const has = await spawn(python, ["-c", "import prometheus_client"]).ended();
  if (has.code !== 0) {
    const complaint = "A test of /metrics did not run: Python has no prometheus_client";
    if (Deno.env.get("CI") === "true") throw new Error(complaint);
    // deno-lint-ignore no-console -- a test that did not run must not look like one that passed
    return console.warn(complaint);
  }
  await using server = startServer();
  await server.monitor.monitored(() => null)();
  const { text } = await call("GET", `${server.url}/metrics`);
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, text);
  await using process = spawn(python, ["-c", FAMILIES, file]);
  const { code, stdout, stderr } = await process.ended();
  assertEquals([code, stderr], [0, ""]);
  await Deno.remove(file);
  const samples = new Map(
    JSON.parse(stdout).map(([name, labels, value]: [string, object, number]) => {
      const words = Object.entries(labels).map(([label, text]) => `${label}="${text}"`).join(",");
      return [words === "" ? name : `${name}{${words}}`, value];
    }),
  );
  assertEquals(samples, figuresOf(text));
  assertStringIncludes(stdout, "taskscope_tasks_created_total");
});

Deno.test("Metrics.text() counts the log of a database that is named by a symbolic link", async () => {
  using folder = new StoreFolder();
  await Deno.mkdir(`${folder.path}/elsewhere`);
  const [link, file] = [folder.file, `${folder.path}/elsewhere/tasks.db`];
  await Deno.writeFile(file, new Uint8Array());
  await Deno.symlink(file, link);
  await using server = startServer({ data: link });
  assertEquals((await call("POST", `${server.url}/tasks/c`, { body: { id: "a" } })).status, 201);
  const { text } = await call("GET", `${server.url}/metrics`);
  const bytes = (await Deno.stat(file)).size + (await Deno.stat(`${file}-wal`)).size;
  assertEquals(figuresOf(text).get("taskscope_storage_bytes"), bytes);
});
