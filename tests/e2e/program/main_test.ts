/** Tests of the program in a process of its own: help, errors, signals, exit statuses, and the server's defaults. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { freePort } from "../../support/free_port.ts";
import { envOfHome, runProgram, spawnProgram, startProgram } from "../../support/program.ts";
import { rawCall } from "../../support/raw_http.ts";
import { TestSocket } from "../../support/socket.ts";
import { COMMIT } from "../../../lib/commit.ts";
import { VERSION } from "../../../lib/version.ts";

/** Runs a function with a temporary folder that contains some files. */
async function withFolder(
  files: Readonly<Record<string, string>>,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
  try {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, text);
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Returns the names of the functions that the page offers to start. */
async function offered(url: string): Promise<string[]> {
  const { text } = await call("GET", `${url}/t/c`);
  return [...text.matchAll(/action="[^"]*\/start\/([^"]+)"/g)].map(([, name]) => name!).sort();
}

const COMMANDS = [
  "serve",
  "run",
  "report",
  "ls",
  "watch",
  "wait",
  "logs",
  "cancel",
  "token",
  "check",
  "backup",
  "restore",
  "move",
  "completion",
];

Deno.test("main: --help lists the commands, and every help fits into 80 columns", async () => {
  const helps: string[] = [];
  for (const args of [["--help"], ["-h"], ...COMMANDS.map((command) => [command, "--help"])]) {
    const { code, stdout, stderr } = await runProgram(args);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(stdout.split("\n").filter((line) => line.length > 80), [], args.join(" "));
    assertMatch(stdout, /\nExamples:\n {2}\S*taskscope /);
    helps.push(stdout);
  }
  const [help, short, serve, ...others] = helps;
  assertEquals(short, help);
  for (const command of COMMANDS) assertMatch(help!, new RegExp(`^  \\[?${command}\\b.+ {2}.+$`, "m"));
  for (const flag of ["--port <port>", "--tasks", "--no-demo", "--limit", "--public-url", "TASKSCOPE_KEY"]) {
    assertStringIncludes(serve!, flag);
  }
  others.forEach((text, index) => assertStringIncludes(text, `Usage: taskscope ${COMMANDS[index + 1]} `));
});

Deno.test("main: --version prints the version and the commit", async () => {
  const stdout = `taskscope ${VERSION}${COMMIT && ` (${COMMIT})`}\n`;
  for (
    const args of [
      ["--version"],
      ...COMMANDS.filter((name) => name !== "run").map((name) => [name, "--version"]),
    ]
  ) {
    assertEquals(await runProgram(args), { code: 0, stdout, stderr: "" });
  }
});

Deno.test("main: an invalid command line exits with 2 and a one-line message", async () => {
  const wrong: readonly (readonly [readonly string[], string, Readonly<Record<string, string>>?])[] = [
    [["--prot", "1"], "--prot"],
    [["--port", "many"], '--port must be a number from 0 to 65535, received "many"'],
    [["--port", "65536"], "65536"],
    [["--port=-1"], '"-1"'],
    [["--port"], "--port needs a value"],
    [["--port", "1", "--port", "2"], "--port may be given only once"],
    [["--host", "0.0.0.0"], "--host 0.0.0.0 is reachable from other machines"],
    [["--host", "192.168.0.1"], "192.168.0.1"],
    [["--host", "example.com"], "example.com"],
    [["--host", "::"], "--host :: is reachable from other machines"],
    [["--base-path", "x y"], "base path"],
    [["--public-url", "nonsense"], "public URL"],
    [["--allow-origin", "*"], "origin"],
    [["--limit", "watchers"], "<name>=<number>"],
    [["--limit", "watchers=0"], "watchers"],
    [["--limit", "wings=2"], '--limit must name a limit, received "wings"; serve --help lists them'],
    [["--limit", "wathcers=2"], 'received "wathcers"; did you mean "watchers"?'],
    [["--root", "/no/such/folder"], 'Cannot use --root "/no/such/folder": No such file'],
    [["--root", "./main.ts"], 'Cannot use --root "./main.ts": it is not a folder'],
    [["--channel", ""], "--channel"],
    [["--data", ""], "--data needs a value"],
    [["--data", "/no/such/folder/tasks.db"], "/no/such/folder/tasks.db"],
    [["--durability", "extreme"], '--durability must be normal or full, received "extreme"'],
    [["--tasks", "./not_there.ts"], "not_there.ts"],
    [["frobnicate"], "frobnicate"],
    [["serve", "extra"], "extra"],
    [
      ["frobnicate\x1b[31m\n", "--port", "1"],
      'Unknown command "frobnicate "; --help lists the commands',
    ],
    [["__proto__"], "__proto__"],
    [["--", "ls"], '"ls"'],
    [["serve", "--", "--version"], 'Unexpected argument "--version" after "serve"'],
    [["ls", "extra"], 'Unexpected argument "extra" after "ls"'],
    [["ls", "--all"], "Unknown flag --all"],
    [["ls", "--state", "running"], "--state must be one of NOT_STARTED, STARTING"],
    [["ls", "--client", "a/b"], "--client must be 1 to 128 characters of"],
    [["ls"], "TASKSCOPE_CLIENT", { TASKSCOPE_CLIENT: ".." }],
    [["watch", "a", "b"], 'watch takes one task id, received a second argument "b"'],
    [["watch", "--server", "localhost:8000"], "--server must be http(s)://host"],
    [["wait"], "wait needs a task id"],
    [["wait", "a/b"], "The task id must be 1 to 128 characters of"],
    [
      ["wait", "a", "--timeout", "soon"],
      '--timeout must be a number of seconds from 0 to 2000000, received "soon"',
    ],
    [["wait", "a", "--timeout=-1"], '"-1"'],
    [["wait", "a", "--timeout=2000001"], '"2000001"'],
    [["cancel"], "cancel needs a task id"],
    [["cancel", "a"], "TASKSCOPE_FORCE must be 1 or 0", { TASKSCOPE_FORCE: "perhaps" }],
    [[], "TASKSCOPE_PORT", { TASKSCOPE_PORT: "many" }],
    [[], "TASKSCOPE_NO_DEMO", { TASKSCOPE_NO_DEMO: "perhaps" }],
  ];
  const outcomes = await Promise.all(wrong.map(([args, , env = {}]) => runProgram(args, { env })));
  const seen = outcomes.map(({ code, stdout, stderr }, index) => {
    const [args, part] = wrong[index]!;
    const isGood = code === 2 && stdout === "" && /^taskscope: .+\n$/.test(stderr) && stderr.includes(part);
    return isGood
      ? "good"
      : `${JSON.stringify(args)}: ${code} ${JSON.stringify(stdout + stderr)}, wanted ${part}`;
  });
  assertEquals(seen.filter((outcome) => outcome !== "good"), []);
});

Deno.test("main: serve prints its address and nothing else", async () => {
  await using program = await startProgram();
  assertMatch(program.process.stdout, /^Taskscope is running at http:\/\/127\.0\.0\.1:\d+\/\n$/);
  assertEquals((await call("GET", `${program.url}/healthz`)).status, 200);
  assertEquals(await offered(program.url), ["checksum_folder", "count_primes", "long_running_task"]);
  assertEquals(program.process.stderr, "");
});

Deno.test("main: serve reads flags from the environment, and a flag overrides its variable", async () => {
  const env = {
    TASKSCOPE_BASE_PATH: "/x",
    TASKSCOPE_NO_DEMO: "1",
    TASKSCOPE_LIMIT: "watchers=1, clients=2",
    TASKSCOPE_HOST: "localhost",
    TASKSCOPE_PORT: "0",
    TASKSCOPE_CHANNEL: "",
  };
  await using program = await startProgram(["--base-path", "/y"], { env });
  assertMatch(program.url, /^http:\/\/localhost:\d+\/y$/);
  assertEquals((await call("GET", `${program.url}/healthz`)).status, 200);
  assertEquals(await offered(program.url), []);
  await using first = new TestSocket(`${program.url}/ws/tasks/c`);
  await first.count(1);
  const second = await call("GET", `${program.url}/ws/tasks/c`, { headers: { upgrade: "websocket" } });
  assert([426, 503].includes(second.status));
});

Deno.test("main: serve --public-url accepts requests for that URL, and prints it", async () => {
  const port = freePort();
  await using process = await spawnProgram([
    "--public-url",
    "https://ci.example/monitor",
    "--port",
    String(port),
  ]);
  await process.output(/https:\/\/ci\.example\/monitor/);
  const status = async (host: string, path: string) =>
    (await rawCall(port, "GET", path, [["Host", host]])).status;
  assertEquals(await status("ci.example", "/monitor/tasks/c"), 200);
  assertEquals(
    await status(`127.0.0.1:${port}`, "/monitor/tasks/c"),
    200,
    "a local health check is accepted",
  );
  assertEquals(await status("evil.example", "/monitor/tasks/c"), 421);
  assertEquals(await status("ci.example", "/tasks/c"), 404);
});

Deno.test("main: serve exits with 2 if the port is in use", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const { code, stdout, stderr } = await runProgram(["--port", String(port)]);
  assertEquals([code, stdout], [2, ""]);
  assertEquals(
    stderr,
    `taskscope: Cannot listen on 127.0.0.1: port ${port} is already in use; pass another --port\n`,
  );
});

Deno.test("main: serve accepts loopback Host headers only with the port that it listens on", async () => {
  await using program = await startProgram();
  const status = async (host: string) =>
    (await rawCall(program.port, "GET", "/tasks/c", [["Host", host]])).status;
  for (const name of ["127.0.0.1", "localhost", "[::1]"]) {
    assertEquals(await status(`${name}:${program.port}`), 200, name);
    assertEquals(await status(name), 421, `${name} without a port is another server`);
    assertEquals(await status(`${name}:${program.port + 1}`), 421, name);
  }
  assertEquals(await status(`evil.example:${program.port}`), 421);
});

Deno.test("main: serve --tasks offers the functions of a module, plain and monitored", async () => {
  const monitored = new URL("../../../lib/monitored.ts", import.meta.url).href;
  const module = `
    import { monitored } from ${JSON.stringify(monitored)};
    import type { MonitoredTask } from ${JSON.stringify(monitored)};
    export const notAFunction: number = 3;
    export function plain(task: MonitoredTask, word: string): string {
      task.log("plainly");
      return word.toUpperCase();
    }
    export const wrapped = monitored((_task, n: number) => n * n, {
      name: "square",
      tags: ["maths"],
      input: { type: "array", prefixItems: [{ type: "integer", title: "A number" }] },
    });
  `;
  await withFolder({ "own.ts": module, "more.js": "export const more = () => 1;" }, async (folder) => {
    const args = ["--tasks", "./own.ts", "--tasks", `${folder}/more.js`, "--no-demo"];
    await using program = await startProgram(args, { cwd: folder });
    assertEquals(await offered(program.url), ["more", "plain", "wrapped"]);
    const run = async (name: string, args: unknown[]) => {
      const { json } = await call("POST", `${program.url}/tasks/c/start/${name}`, { body: { args } });
      await using socket = new TestSocket(`${program.url}/ws/tasks/c/${json.task_id}`);
      await socket.closed();
      return (await call("GET", `${program.url}/tasks/c/${json.task_id}`)).json;
    };
    const plain = await run("plain", ["word"]);
    assertEquals([plain.name, plain.state, plain.result], ["plain", "FINISHED", "WORD"]);
    assertEquals(
      (await call("GET", `${program.url}/tasks/c/${plain.id}/logs`)).json.lines[0].text,
      "plainly",
    );
    const square = await run("wrapped", [7]);
    assertEquals([square.name, square.result, square.tags], ["square", 49, ["maths"]]);
    assertStringIncludes((await call("GET", `${program.url}/t/c`)).text, "A number");
    assertEquals(program.process.stderr, "");
  });
});

Deno.test("main: serve --tasks exits with a message that names the module that cannot be loaded", async () => {
  const files = {
    "empty.ts": "export const answer = 42;",
    "broken.ts": "export const = ;",
    "throws.ts": '\n  throw new Error("thrown on the way");',
    "deep.ts":
      "export const f = () => 1;\nfunction g(): void {\n  (undefined as never as () => void)();\n}\ng();",
    "broken_import.ts": 'import "./throws.ts";',
  };
  const places: Record<string, RegExp> = {
    "throws.ts": /: thrown on the way at file:\/\/\S+\/throws\.ts:2:9\n$/,
    "deep.ts": / at file:\/\/\S+\/deep\.ts:3:\d+\n$/,
    "broken_import.ts": /: thrown on the way at file:\/\/\S+\/throws\.ts:2:9\n$/,
  };
  await withFolder(files, async (folder) => {
    const outcomes: string[] = [];
    for (const name of [...Object.keys(files), "missing.ts"]) {
      const { code, stdout, stderr } = await runProgram(["--tasks", `./${name}`, "--port", "0"], {
        cwd: folder,
      });
      const isGood = code === 2 && stdout === "" && stderr.startsWith("taskscope: ") &&
        stderr.includes(name) &&
        (places[name]?.test(stderr) ?? true);
      if (!isGood) {
        outcomes.push(`${name}: ${code} ${stdout}${stderr}`);
      }
    }
    assertEquals(outcomes, []);
  });
});

Deno.test("main: serve exits with 0 if it is stopped as soon as it has printed its address", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    await using process = await spawnProgram(["--port", "0"]);
    await process.output(/is running at/);
    process.kill(signal);
    assertEquals((await process.ended()).code, 0, signal);
  }
});

Deno.test("main: serve closes its sockets properly on SIGTERM and SIGINT, and exits with 0", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    await using program = await startProgram();
    await call("POST", `${program.url}/tasks/c/start/long_running_task`, { body: { id: "t" } });
    await using all = new TestSocket(`${program.url}/ws/tasks/c`);
    await using one = new TestSocket(`${program.url}/ws/tasks/c/t`);
    // One connection is idle with keep-alive, and another one is in the middle of a request.
    await call("GET", `${program.url}/healthz`);
    using half = await Deno.connect({ hostname: "127.0.0.1", port: program.port });
    await half.write(new TextEncoder().encode("POST /tasks/c/start/x HTTP/1.1\r\nContent-Le"));
    await Promise.all([all.count(1), one.count(1)]);
    program.process.kill(signal);
    assertEquals((await program.process.ended()).code, 0, signal);
    // The socket of the single task is closed because its task has ended.
    assertEquals([(await all.closed()).code, (await one.closed()).code], [1001, 1000]);
    assert(all.texts.includes('{"type":"closing"}'));
    const task = await all.task("t", ({ state }) => state === "ERROR");
    assertEquals(task.error?.type, "interrupted");
    assertEquals(program.process.stderr, "");
    assert(!await isReached(program.url));
  }
});

Deno.test("main: serve stops in spite of an unfinished request, and immediately on a second signal", async () => {
  for (const signals of [1, 2]) {
    await using program = await startProgram();
    // The server would wait longer for the body of this request than a shutdown may take.
    using half = await Deno.connect({ hostname: "127.0.0.1", port: program.port });
    const head = `POST /tasks/c/start/long_running_task HTTP/1.1\r\nHost: 127.0.0.1:${program.port}\r\n`;
    await half.write(new TextEncoder().encode(`${head}Content-Length: 100\r\n\r\n{`));
    // A running task makes the shutdown last until the second signal.
    await call("POST", `${program.url}/tasks/c/start/long_running_task`);
    await using socket = new TestSocket(`${program.url}/ws/tasks/c`);
    await socket.count(1);
    program.process.kill("SIGTERM");
    await socket.find(({ type }) => type === "closing");
    if (signals === 2) {
      // The program treats signals within 250 ms as one.
      await new Promise((resolve) => setTimeout(resolve, 300));
      program.process.kill("SIGTERM");
    }
    assertEquals((await program.process.ended()).code, signals === 1 ? 0 : 130);
    assertEquals(program.process.stderr, "");
  }
});

/** A module with a task that ignores cancellation. */
const DEAF = "export const deaf = () => new Promise((resolve) => setTimeout(resolve, 1_000_000));";

Deno.test("main: serve treats two simultaneous signals as one, such as a Ctrl-C that a task runner forwards", async () => {
  await withFolder({ "deaf.js": DEAF }, async (folder) => {
    await using program = await startProgram(["--tasks", `${folder}/deaf.js`, "--no-demo"]);
    await call("POST", `${program.url}/tasks/c/start/deaf`, { body: { id: "t" } });
    await using socket = new TestSocket(`${program.url}/ws/tasks/c`);
    await socket.count(1);
    program.process.kill("SIGINT");
    program.process.kill("SIGTERM");
    // This was a graceful shutdown: the server awaited the task, then marked it as interrupted.
    assertEquals((await program.process.ended()).code, 0);
    assertEquals((await socket.closed()).code, 1001);
    const task = await socket.task("t", ({ state }) => state === "ERROR");
    assertEquals(task.error?.type, "interrupted");
    assertEquals(program.process.stderr, "");
  });
});

Deno.test("main: serve stores tasks in a file for its port, in a folder that only the user can read", async () => {
  await withFolder({}, async (home) => {
    const env = await envOfHome(home);
    const port = freePort();
    const args = ["--port", String(port), "--no-demo", "--tasks", `${home}/echo.js`];
    await Deno.writeTextFile(`${home}/echo.js`, "export const echo = (task, word) => word;");
    const folder = Deno.build.os === "darwin"
      ? `${home}/Library/Application Support/taskscope`
      : `${home}/.local/share/taskscope`;
    {
      await using program = await startProgram(args, { env });
      const started = await call("POST", `${program.url}/tasks/c/start/echo`, {
        body: { id: "t", args: ["kept"] },
      });
      assertEquals(started.status, 202);
      assert((await Deno.stat(`${folder}/taskscope-${port}.db`)).isFile);
      assertEquals((await Deno.stat(folder)).mode! & 0o777, 0o700);
      assertEquals(program.process.stderr, "");
    }
    await using program = await startProgram(args, { env });
    const { json } = await call("GET", `${program.url}/tasks/c/t`);
    assertEquals([json.state, json.result], ["FINISHED", "kept"]);
  });
});

Deno.test("main: serve stores tasks below XDG_DATA_HOME, and nothing in the home folder", async () => {
  await withFolder({}, async (home) => {
    const env = { ...await envOfHome(home), XDG_DATA_HOME: `${home}/data` };
    const port = freePort();
    await using program = await startProgram(["--port", String(port)], { env });
    assertEquals((await call("GET", `${program.url}/healthz`)).status, 200);
    if (Deno.build.os === "linux") {
      assertEquals((await Array.fromAsync(Deno.readDir(home))).map(({ name }) => name), ["data"]);
      assert((await Deno.stat(`${home}/data/taskscope/taskscope-${port}.db`)).isFile);
    }
  });
});

Deno.test("main: serve writes no file with --port 0 or --data :memory:", async () => {
  await withFolder({}, async (home) => {
    const env = await envOfHome(home);
    const commandLines = [["--port", "0"], ["--port", String(freePort()), "--data", ":memory:"]];
    for (const args of commandLines) {
      await using program = await startProgram(args, { env });
      await call("POST", `${program.url}/tasks/c/start/count_primes`);
      assertEquals(await Array.fromAsync(Deno.readDir(home)), []);
    }
  });
});

Deno.test("main: serve exits with 2 if there is no home folder, or the file is in use", async () => {
  await withFolder({}, async (folder) => {
    const env = { ...await envOfHome(""), LOCALAPPDATA: "" };
    const homeless = await runProgram(["--port", String(freePort())], { env });
    assertEquals([homeless.code, homeless.stdout], [2, ""]);
    const message =
      "Cannot choose a file for tasks: HOME is not set; give --data a file, or :memory: to store nothing";
    assertEquals(homeless.stderr, `taskscope: ${message}\n`);

    const args = ["--data", `${folder}/tasks.db`, "--port", "0"];
    await using program = await startProgram(args);
    const second = await runProgram(args);
    assertEquals([second.code, second.stdout], [2, ""]);
    assertMatch(
      second.stderr,
      /^taskscope: Cannot store tasks in ".*tasks\.db": another Taskscope is using it.*\n$/,
    );
    assertEquals((await call("GET", `${program.url}/readyz`)).status, 200);
  });
});

Deno.test("main: serve survives an unhandled rejection in a task", async () => {
  const module = `export const careless = () => { Promise.reject(new Error("left behind")); };`;
  await withFolder({ "careless.js": module }, async (folder) => {
    await using program = await startProgram(["--tasks", `${folder}/careless.js`]);
    await call("POST", `${program.url}/tasks/c/start/careless`);
    await program.process.output(/left behind/, "stderr");
    assertEquals((await call("GET", `${program.url}/healthz`)).status, 200);
  });
});

Deno.test("main: serve runs in any working directory, and writes nothing into it", async () => {
  await withFolder({}, async (folder) => {
    await using program = await startProgram([], { cwd: folder });
    const started = await call("POST", `${program.url}/tasks/c/start/checksum_folder`);
    await using socket = new TestSocket(`${program.url}/ws/tasks/c/${started.json.task_id}`);
    await socket.closed();
    const { json } = await call("GET", `${program.url}/tasks/c/${started.json.task_id}`);
    assertEquals([json.state, json.result.files], ["FINISHED", 0]);
    assertEquals((await call("GET", `${program.url}/t/c`)).status, 200);
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), [], "serve wrote into its working directory");
  });
});

/** Whether a server accepts connections at a URL. */
async function isReached(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  try {
    using _connection = await Deno.connect({ hostname, port: Number(port) });
    return true;
  } catch {
    return false;
  }
}
