import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { freePort } from "../../support/free_port.ts";
import { type Ended, type Process, runProgram, spawnProgram, spawnScript } from "../../support/program.ts";
import { Relay } from "../../support/relay.ts";
import type { Task } from "../../../lib/task/task.ts";
import { startTaskServer } from "../../support/task_server.ts";
import { eventually } from "../../support/until.ts";

/** A server, and methods that run `taskscope report` against it. */
function startReports(front?: (url: string) => string) {
  const server = startTaskServer();
  const env = { TASKSCOPE_SERVER: front?.(server.url) ?? server.url, TASKSCOPE_CLIENT: "c" };
  return Object.assign(server, {
    report: (...args: string[]): Promise<Ended> => runProgram(["report", ...args], { env }),
    spawn: (...args: string[]): Promise<Process> => spawnProgram(["report", ...args], { env }),
    script: (script: string, ...args: string[]): Promise<Process> => spawnScript(script, args, { env }),
    task: async (id: string) => (await call("GET", `${server.url}/tasks/c/${id}`)).json,
    /** Resolves when the log of a task has a number of lines. */
    logged: async (id: string, count: number) => {
      await eventually(
        () => call("GET", `${server.url}/tasks/c/${id}`),
        ({ json }) => json.log_count >= count,
      );
    },
    log: async (id: string): Promise<string[]> => {
      const { json } = await call("GET", `${server.url}/tasks/c/${id}/logs?after=0&limit=10000`);
      return json.lines.map(({ text }: { readonly text: string }) => text);
    },
  });
}

const DONE = { code: 0, stdout: "", stderr: "" };

/** Returns a handler that passes requests on, but loses the responses of the first ones. */
function losingResponses(url: () => string, count: number): Deno.ServeHandler {
  let lost = 0;
  return async (request) => {
    const { pathname } = new URL(request.url);
    const { method, headers } = request;
    const body = await request.text();
    const response = await fetch(url() + pathname, { method, headers, ...(body !== "" && { body }) });
    if (lost++ >= count) return response;
    await response.body?.cancel();
    return Response.json({ detail: "Lost" }, { status: 503 });
  };
}

Deno.test("report creates, updates, logs and ends a task", async () => {
  await using server = startReports();
  const flags = ["--total=10", "--unit=files", "--tag=a", "--tag=b", "--metadata", "host=x=y"];
  const { code, stdout, stderr } = await server.report("start", "backup", ...flags, "--stale-after", "60");
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^[0-9A-Z]{26}\n$/);
  const id = stdout.trim();
  const started = await server.task(id);
  assertEquals(
    [
      started.name,
      started.state,
      started.total,
      started.unit,
      started.tags,
      started.metadata,
      started.stale_after,
    ],
    ["backup", "PROCESSING", 10, "files", ["a", "b"], { host: "x=y" }, 60],
  );
  assertEquals(await server.report("update", id, "--current=3", "--status=Copying"), DONE);
  assertEquals(await server.report("log", id, "one", "two\nthree", "", "--", "--four"), DONE);
  assertEquals(await server.report("log", id, "--", "-"), DONE);
  const updated = await server.task(id);
  assertEquals([updated.progress, updated.current, updated.status], [30, 3, "Copying"]);
  assertEquals(await server.log(id), ["one", "two", "three", "", "--four", "-"]);
  assertEquals(await server.report("update", id, "--progress=null"), DONE);
  assertEquals((await server.task(id)).progress, null);
  assertEquals(await server.report("finish", id, '--result={"ok":1}', "--status=Copied"), DONE);
  const finished = await server.task(id);
  assertEquals([finished.state, finished.result, finished.status], ["FINISHED", { ok: 1 }, "Copied"]);

  assertEquals((await server.report("start", "failing", "--id=f")).stdout, "f\n");
  assertEquals(await server.report("fail", "f", "--message=disk full", "--type=NoSpace"), DONE);
  assertEquals((await server.task("f")).error, { message: "disk full", type: "NoSpace" });
  assertEquals((await server.report("start", "waiting", "--id=w")).stdout, "w\n");
  assertEquals((await server.task("w")).state, "STARTING");
  assertEquals(await server.report("finish", "w", "--result=not JSON"), DONE);
  assertEquals((await server.task("w")).result, "not JSON");
  await server.report("start", "careless", "--id=bad");
  assertEquals(await server.report("finish", "bad", "--result={bad"), {
    ...DONE,
    stderr: "taskscope: --result is not valid JSON, so it is stored as text\n",
  });
  assertEquals((await server.task("bad")).result, "{bad");
});

Deno.test("report exits with 3 if the task was cancelled, and with 1 or 4 if the report is refused", async () => {
  await using server = startReports();
  const cancel = (id: string, query = "") => call("POST", `${server.url}/tasks/c/${id}/cancel${query}`);
  const statuses = async (...lines: string[]) => {
    const codes: number[] = [];
    for (const line of lines) codes.push((await server.report(...line.split(" "))).code);
    return codes;
  };
  await statuses("start a --id a", "start b --id b", "start d --id d");
  await cancel("a");
  const lines = Array.from({ length: 1_001 }, (_, number) => `line ${number}`);
  assertEquals([(await server.report("log", "a", ...lines)).code, (await server.task("a")).log_count], [
    3,
    1_001,
  ]);
  const asked = await server.report("update", "a", "--progress=5");
  assertEquals(asked, { code: 3, stdout: "", stderr: 'taskscope: Cancellation of task "a" was requested\n' });
  assertEquals((await server.task("a")).progress, 5, "the report is stored nevertheless");
  assertEquals(await statuses("log a x", "update a --best-effort", "cancelled a", "cancelled a"), [
    3,
    3,
    0,
    0,
  ]);
  assertEquals(await statuses("update a", "log a x", "finish a", "fail a", "start a --id a"), [
    3,
    3,
    3,
    3,
    3,
  ]);
  await cancel("b");
  assertEquals(await statuses("finish b", "finish b", "update b", "fail b"), [0, 0, 1, 1]);
  assertEquals(await statuses("start b --id b", "start other --id d"), [1, 1]);
  await cancel("d", "?force=true");
  assertEquals(await statuses("update d", "update none", "finish none"), [3, 4, 4]);
  assertEquals(
    (await server.report("update", "b")).stderr,
    'taskscope: Cannot report task "b": it has already ended as FINISHED\n',
  );
  await call("POST", `${server.url}/tasks/c/start/echo`, { body: { id: "own" } });
  assertEquals(await statuses("update own"), [1]);
});

Deno.test("report stops a script through its exit status", async () => {
  await using server = startReports();
  await server.report("start", "t", "--id=t");
  await using script = await server.script(
    "echo ready; read go; taskscope report update t --progress 50 || { echo stopping; exit 9; }; echo never",
  );
  await script.output(/ready/);
  await call("POST", `${server.url}/tasks/c/t/cancel`);
  await script.type("go\n");
  const { code, stdout } = await script.ended();
  assertEquals([code, stdout], [9, "ready\nstopping\n"]);
});

Deno.test("report tries again while the server cannot be reached", async () => {
  let relay: Relay | undefined;
  await using server = startReports((url) => (relay = new Relay(url)).url);
  await using front = relay!;
  await server.report("start", "t", "--id=t");
  front.cut();
  await using patient = await server.spawn("update", "t", "--progress=70", "--timeout=60");
  await patient.output(/^taskscope: Cannot reach a server at \S+; retrying\n/, "stderr");
  const hasty = await server.report("update", "t", "--progress=80", "--timeout=0");
  assertEquals([hasty.code, hasty.stdout], [4, ""]);
  assertMatch(hasty.stderr, /^taskscope: Cannot reach a server at \S+; start one with .+\n$/);
  front.mend();
  assertEquals((await patient.ended()).code, 0);
  assertEquals((await server.task("t")).progress, 70);
});

Deno.test("report is harmless if an attempt arrives twice, because its response was lost", async () => {
  let url = "";
  for (const count of [1, 2]) {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    const front = Deno.serve(options, losingResponses(() => url, count));
    await using server = startReports((own) => {
      url = own;
      return `http://127.0.0.1:${front.addr.port}`;
    });
    const { stdout, code } = await server.report("start", "t");
    assertEquals(code, 0);
    const id = stdout.trim();
    assertEquals(Object.keys((await call("GET", `${url}/tasks/c`)).json.all_tasks), [id]);
    await front.shutdown();

    const second = Deno.serve({ ...options, port: front.addr.port }, losingResponses(() => url, count));
    assertEquals((await server.report("log", id, "a line")).code, 0);
    assertEquals(await server.log(id), ["a line"]);
    await second.shutdown();
  }
});

/** What happens to an attempt of a report: its response is lost, it is lost itself, or it arrives. */
type Fate = "response lost" | "lost" | "arrives";

/**
 * Sends a log line whose attempts meet these fates; before each attempt after the first one, another process reports
 * the task.
 *
 * @returns the end of the process, and the lines of the log
 */
async function logAgainstOther(
  fates: readonly Fate[],
  otherSeq: (own: number) => number,
): Promise<readonly [Ended, string[]]> {
  let url = "";
  let attempts = 0;
  const front = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const body = await request.json();
    const path = `${url}${new URL(request.url).pathname}`;
    const fate = fates[attempts++] ?? "arrives";
    if (attempts > 1 && attempts <= fates.length) {
      await call("POST", path, { body: { lines: [`other ${attempts - 1}`], seq: otherSeq(body.seq) } });
    }
    const lost = () => Response.json({ detail: "Lost" }, { status: 503 });
    if (fate === "lost") return lost();
    const { status, json } = await call("POST", path, { body });
    return fate === "arrives" ? Response.json(json, { status }) : lost();
  });
  await using server = startReports((own) => {
    url = own;
    return `http://127.0.0.1:${front.addr.port}`;
  });
  await call("POST", `${url}/tasks/c`, { body: { id: "t", name: "t", started: true } });
  const ended = await server.report("log", "t", "own");
  const lines = await server.log("t");
  await front.shutdown();
  return [ended, lines];
}

Deno.test("report warns that it may be stored twice if another process reports the task before the retry", async () => {
  const warning =
    /\ntaskscope: Another report of task "t" arrived before the retry, so this one may be stored twice\n$/;
  for (
    const [fate, lines] of [
      ["response lost", ["own", "other 1", "own"]],
      ["lost", ["other 1", "own"]],
    ] as const
  ) {
    // The server does not know whether the first attempt was applied, so both look the same to the program.
    const [{ code, stderr }, found] = await logAgainstOther([fate, "arrives"], (own) => own + 1);
    assertEquals([code, found], [0, lines], stderr);
    assertMatch(stderr, warning);
  }
});

Deno.test("report is not lost if another process has used its number before an attempt arrived", async () => {
  const seqs: number[] = [];
  // The second attempt is late; the other process then uses the number of the third one.
  const [{ code, stderr }, lines] = await logAgainstOther(["lost", "arrives", "arrives"], (own) => {
    seqs.push(own);
    return seqs.length === 1 ? own + 1 : own;
  });
  assertEquals([code, lines], [0, ["other 1", "other 2", "own"]], stderr);
});

Deno.test("report is not refused as late after the clock was set back, but an older attempt of a report is", async () => {
  await using server = startReports();
  await server.report("start", "t", "--id=t");
  const future = 9_000_000_000_000_000;
  const url = `${server.url}/tasks/c/t`;
  assertEquals((await call("PATCH", url, { body: { progress: 10, seq: future } })).status, 200);
  assertEquals(await server.report("update", "t", "--progress=20"), DONE);
  assertEquals(await server.report("log", "t", "a line"), DONE);
  const task = await server.task("t");
  assertEquals([task.progress, task.log_count], [20, 1]);
  assert(task.report_seq >= future + 2 && task.report_seq <= future + 2_000, String(task.report_seq));
  assertEquals(
    (await call("PATCH", url, { body: { progress: 10, seq: future + 1 } })).json.code,
    "late_report",
  );
  assertEquals(await server.report("finish", "t"), DONE);
});

Deno.test("report --best-effort never fails a script", async () => {
  const nowhere = ["--best-effort", "--timeout=0", "--server", `http://127.0.0.1:${freePort()}`];
  const started = await runProgram(["report", "start", "t", ...nowhere]);
  assertEquals(started.code, 0);
  assertMatch(started.stdout, /^[0-9A-Z]{26}\n$/);
  assertMatch(started.stderr, /^taskscope: Cannot reach a server at .+\n$/);
  const id = started.stdout.trim();
  for (const args of [["update", id, "--progress=5"], ["log", id, "x"], ["finish", id]]) {
    const { code, stdout, stderr } = await runProgram(["report", ...args, ...nowhere]);
    assertEquals([code, stdout, stderr], [0, "", started.stderr]);
  }
  const script = 'seq 200000 | taskscope report log t - "$@"; echo $?';
  await using input = await spawnScript(script, nowhere);
  assertEquals(await input.ended(), { code: 0, stdout: "0\n", stderr: started.stderr });
  // A server that takes nothing does not slow down the program that writes the lines.
  let requests = 0;
  const busy = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    requests++;
    return Response.json({ detail: "Busy" }, { status: 503 });
  });
  const address = `http://127.0.0.1:${busy.addr.port}`;
  await using refused = await spawnScript(script, ["--best-effort", "--timeout=0", "--server", address]);
  assertEquals(await refused.ended(), {
    code: 0,
    stdout: "0\n",
    stderr: `taskscope: ${address} is unavailable: Busy\n`,
  });
  assertLess(requests, 20, "200 batches of lines are not all sent");
  await busy.shutdown();
  // A wrong command line fails even with --best-effort, because it is an error in the script.
  assertEquals((await runProgram(["report", "update", id, "--progress=much", ...nowhere])).code, 2);

  await using server = startReports();
  assertEquals((await server.report("update", "none", "--best-effort")).code, 0);
});

Deno.test("report --timeout=0 does not wait for a server that accepts the request but does not respond", async () => {
  const received = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const silent = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async () => {
    received.resolve();
    await held.promise;
    return Response.json({ tasks: [] });
  });
  const server = ["--server", `http://127.0.0.1:${silent.addr.port}`];
  // A command that waits for as long as a request may take.
  await using list = await spawnProgram(["ls", ...server]);
  let isListOver = false;
  const ended = list.ended().then(() => isListOver = true);
  await received.promise;
  const { code } = await runProgram(["report", "update", "t", "--timeout=0", "--best-effort", ...server]);
  assertEquals([code, isListOver], [0, false]);
  held.resolve();
  await ended;
  await silent.shutdown();
});

Deno.test("report accepts values that a script has computed: empty texts, and with --best-effort numbers that are not finite", async () => {
  await using server = startReports();
  await server.report("start", "t", "--id=t", "--unit=files");
  assertEquals(await server.report("update", "t", "--status=busy", "--unit="), DONE);
  assertEquals(await server.report("update", "t", "--status", "", "--current=1"), DONE);
  const { status, unit } = await server.task("t");
  assertEquals([status, unit], ["", ""]);
  for (const value of ["nan", "-inf", "Infinity", ""]) {
    const args = ["update", "t", `--value=loss=${value}`, "--value=rate=2", `--current=${value}`];
    assertEquals((await server.report(...args)).code, 2);
    const { code, stderr } = await server.report(...args, `--status=at ${value}`, "--best-effort");
    assertEquals([code, stderr.trimEnd().split("\n").length], [0, 2]);
    assertMatch(stderr, /^taskscope: --current must be a number .+; it is left out$/m);
    assertMatch(stderr, /^taskscope: --value must be <name>=<number>, .+; it is left out$/m);
    const task = await server.task("t");
    assertEquals([task.status, task.current], [`at ${value}`, 1]);
  }
  // A flag without a value is an error in the script.
  assertEquals((await server.report("update", "t", "--status", "--current=1", "--best-effort")).code, 2);
  assertEquals(await server.report("fail", "t", "--message="), DONE);
  const failed = await server.task("t");
  assertEquals([failed.state, failed.error?.message], ["ERROR", ""]);
  await server.report("start", "u", "--id=u");
  assertEquals(await server.report("finish", "u", "--result="), DONE);
  assertEquals((await server.task("u")).result, "");
});

Deno.test("report log - sends each line of its standard input when the line arrives", async () => {
  await using server = startReports();
  await server.report("start", "t", "--id=t");
  await using log = await server.script("taskscope report log t -");
  await log.type("first\nüber ");
  await server.logged("t", 1);
  await log.type("zwei\r\n\x1b[31mred\x1b[0m\n10 %\r20 %\nlast");
  await server.logged("t", 4);
  await log.closeInput();
  assertEquals(await log.ended(), DONE);
  assertEquals(await server.log("t"), ["first", "über zwei", "\x1b[0;31mred\x1b[0m", "20 %", "last"]);
});

Deno.test("report log - sends a long input in batches, every line once and in order", async () => {
  await using server = startReports();
  await server.report("start", "t", "--id=t");
  const long = "x".repeat(9_000);
  const script = `{ seq 10000; printf '${long}\\n${long}\\n'; yes ${
    "y".repeat(2_000)
  } | head -300; } | taskscope report log t -`;
  await using log = await server.script(script);
  assertEquals(await log.ended(), DONE);
  assertEquals((await server.task("t")).log_count, 10_302);
  const { json } = await call("GET", `${server.url}/tasks/c/t/logs?after=9998&limit=10000`);
  const texts: string[] = json.lines.map(({ text }: { readonly text: string }) => text);
  assertEquals(texts.slice(0, 2), ["9999", "10000"]);
  assertEquals(texts.slice(2, 4).map(({ length }) => length), [8_192, 8_192]);
  assert(texts.slice(4).every((text) => text === "y".repeat(2_000)));
});

Deno.test("report start takes the parent of its environment, unless it reports to another server or client", async () => {
  await using server = startReports();
  await server.report("start", "parent", "--id=parent");
  const env = { TASKSCOPE_SERVER: server.url, TASKSCOPE_CLIENT: "c", TASKSCOPE_PARENT: "parent" };
  const parentOf = async (args: readonly string[], client = "c", variables: Record<string, string> = {}) => {
    const { code, stdout, stderr } = await runProgram(["report", "start", "t", ...args], {
      env: { ...env, ...variables },
    });
    assertEquals([code, stderr], [0, ""]);
    return (await call("GET", `${server.url}/tasks/${client}/${stdout.trim()}`)).json.parent_id;
  };
  assertEquals(await parentOf([]), "parent");
  assertEquals(await parentOf(["--client", "c", "--server", `${server.url}/`]), "parent");
  assertEquals(await parentOf(["--client", "d"], "d"), null);
  assertEquals(await parentOf([], "c", { TASKSCOPE_PARENT: "" }), null);
  assertEquals(await parentOf(["--parent", "parent"], "c", { TASKSCOPE_PARENT: "" }), "parent");
  const other = server.url.replace("127.0.0.1", "localhost");
  assertEquals(await parentOf(["--server", other]), null);
});

Deno.test("report exits with 2 if the command line is wrong", async () => {
  const table: [string[], string][] = [
    [[], "report needs one of start, update, log, finish, fail, cancelled; --help describes them"],
    [["strat", "x"], 'Unknown command "report strat"; did you mean "report start"?'],
    [["start"], "report start needs the name of the task"],
    [["start", "a", "b"], 'report start takes one name, received a second argument "b"'],
    [["start", "a", "--total", "many"], '--total must be a number or null, received "many"'],
    [["start", "a", "--share", "2"], '--share must be a number from 0 to 1, received "2"'],
    [["start", "a", "--weight=-1"], '--weight must be a number of at least 0, received "-1"'],
    [["start", "a", "--metadata", "=x"], '--metadata must be <key>=<text>, received "=x"'],
    [["update"], 'report update needs a task id; "taskscope ls" lists the tasks with their ids'],
    [["update", "a/b"], "The task id must be 1 to 128 characters of"],
    [["update", "a", "--curent", "1"], "Unknown flag --curent; did you mean --current?"],
    [["log", "a"], "report log needs a line, or - to read lines from standard input"],
    [["finish", "a", "b"], 'report finish takes one task id, received a second argument "b"'],
  ];
  for (const [args, message] of table) {
    const { code, stdout, stderr } = await runProgram(["report", ...args]);
    assertEquals([code, stdout], [2, ""], args.join(" "));
    assertStringIncludes(stderr, `taskscope: ${message}`);
  }
});

Deno.test("report: the script of the guide reports its files, and stops if it is cancelled", async () => {
  const guide = await Deno.readTextFile(new URL("../../../.github/guides/reporting.md", import.meta.url));
  const [, script] = /## Scripts[^]*?```sh\n([^]*?)```/.exec(guide)!;
  const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
  try {
    await using server = startReports();
    const files = ["a", "b", "c"].map((name) => `${folder}/${name}`);
    for (const file of files) await Deno.writeTextFile(file, file);
    await using whole = await server.script(script!, ...files);
    assertEquals(await whole.ended(), DONE);
    const taskOf = async (state: string) => {
      const { json } = await call("GET", `${server.url}/tasks/c?state=${state}`);
      return Object.values<Task>(json.all_tasks)[0];
    };
    const finished = (await taskOf("FINISHED"))!;
    assertEquals([finished.result, finished.current, finished.total], [{ files: 3 }, 3, 3]);
    assertMatch((await server.log(finished.id)).join("\n"), /^\d+ \d+ \S+a\n\d+ \d+ \S+b\n\d+ \d+ \S+c$/);

    // A FIFO keeps cksum waiting until the task is cancelled.
    const fifo = `${folder}/fifo`;
    await using stopped = await server.script(`mkfifo ${fifo}; ${script!}`, fifo, ...files);
    const isReading = (task: Task | undefined) => task?.status === `Reading ${fifo}`;
    const { id } = (await eventually(() => taskOf("PROCESSING"), isReading))!;
    await call("POST", `${server.url}/tasks/c/${id}/cancel`);
    await Deno.writeTextFile(fifo, "");
    assertEquals((await stopped.ended()).code, 3);
    assertEquals((await server.task(id)).state, "CANCELLED");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
