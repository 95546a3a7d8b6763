import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../support/assert.ts";
import { freePort } from "../../support/free_port.ts";
import { runProgram, spawnProgram } from "../../support/program.ts";
import { Relay } from "../../support/relay.ts";
import { openTerminal } from "../../support/terminal.ts";
import { startTerminalServer } from "../../support/terminal_server.ts";
import { until } from "../../support/until.ts";

Deno.test("watch prints a line for each milestone of a task, and exits with its status", async () => {
  for (const [end, code, words] of [[undefined, 0, "Finished"], ["no file", 1, "Error: no file"]] as const) {
    await using server = startTerminalServer();
    const task = await server.start("t");
    await using watch = await server.spawn("watch", "t");
    await watch.output(/Starting/);
    // Each update is awaited, because updates in quick succession are coalesced.
    for (const progress of [10, 20, 25, 40, 60]) {
      await task.update({ progress, status: `At \x1b[1m${progress}` });
      if (progress % 25 === 0 || progress === 10) await watch.output(new RegExp(` ${progress} %`));
    }
    await watch.output(/ 60 %/);
    task.end(end === undefined ? undefined : new Error(end));
    const ended = await watch.ended();
    assertEquals([ended.code, ended.stderr], [code, ""]);
    const lines = ended.stdout.trimEnd().split("\n");
    const seen = lines.map((line) =>
      /^\d\d:\d\d:\d\d {2}stepped {2}\[.{20}\] +(\S+)(?: %)? {2}(.+?) {2}/.exec(line)
    );
    assertEquals(seen.map((match) => match?.slice(1)), [
      ["—", "Starting"],
      ["10", "At 10"],
      ["25", "At 25"],
      ["60", "At 60"],
      [end === undefined ? "100" : "60", end === undefined ? "Finished · At 60" : words],
    ]);
  }
});

Deno.test("watch without an id prints the milestones of all tasks until a signal", async () => {
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    await using server = startTerminalServer();
    const [ended, early] = [await server.start("ended"), await server.start("early")];
    ended.end();
    await server.run("wait", "ended");
    await using watch = await server.spawn("watch");
    await watch.output(/Starting/);
    const late = await server.start("late");
    await late.update({ progress: 50, status: "late" });
    await watch.output(/50 % {2}late/);
    early.end();
    await watch.output(/Finished/);
    watch.kill(signal);
    assertEquals((await watch.ended()).code, code);
    assertEquals(
      watch.stdout.match(/Finished/g)?.length,
      1,
      "a task that had ended before must not be printed",
    );
    assertEquals(watch.stderr, "");
    const ids = watch.stdout.trimEnd().split("\n").map((line) => line.split(/ {2,}/)[1]);
    assertEquals([...new Set(ids)], ["early", "late"], "tasks of the same name are told apart by their ids");
    late.end();
  }
});

Deno.test("watch reports lost and restored connections, and misses no change", async () => {
  await using server = startTerminalServer();
  await using relay = new Relay(server.url);
  const task = await server.start("t");
  await using watch = await spawnProgram(["watch", "--client", "c", "--server", relay.url]);
  await watch.output(/Starting/);
  await until(() => relay.sockets === 1);
  relay.cut();
  await watch.output(/Cannot reach a server at \S+; retrying\n/, "stderr");
  task.end();
  relay.mend();
  await watch.output(/Finished/);
  await watch.output(/taskscope: Reconnected to the server\n/, "stderr");
  watch.kill("SIGINT");
  assertEquals((await watch.ended()).code, 130);
});

Deno.test("watch exits with 4 if the task does not exist, or no server can be reached", async () => {
  await using server = startTerminalServer();
  const missing = await server.run("watch", "none");
  assertEquals([missing.code, missing.stdout], [4, ""]);
  assertStringIncludes(missing.stderr, 'No task "none" of client "c"');
  for (const args of [["watch"], ["watch", "t"]]) {
    const gone = await runProgram([...args, "--server", `http://127.0.0.1:${freePort()}`]);
    assertEquals([gone.code, gone.stdout], [4, ""]);
    assertStringIncludes(gone.stderr, "Cannot reach a server");
  }
});

Deno.test("watch redraws a progress bar in place on a terminal, and exits with the status of the task", async () => {
  await using server = startTerminalServer();
  const task = await server.start("t");
  await using terminal = await openTerminal(server, ["watch", "t"], { NO_COLOR: "" });
  if (terminal === undefined) return;
  await terminal.shows(/Starting/);
  for (const progress of [10, 55]) {
    await task.update({ progress, status: `At ${progress}\x1b[5A\x07` });
    await terminal.shows(new RegExp(`${progress} % {2}At ${progress}`));
    assertEquals(terminal.screen.lines.length, 1);
  }
  assertMatch(terminal.screen.lines[0]!, /^stepped {2}\[█{5}░{5}\] {3}55 % {2}At 55� +\S+ +estimating…$/);
  task.end();
  assertEquals(await terminal.ended(), 0);
  const { screen } = terminal;
  assertMatch(screen.lines.join("\n"), /^stepped {2}\[█{10}\] {2}100 % {2}Finished · At \S+ +\S+$/);
  assert(screen.isClean);
  assert(screen.colored > 0);
});

Deno.test("watch leaves the terminal clean on Ctrl-C, and exits with 130", async () => {
  await using server = startTerminalServer();
  await using terminal = await openTerminal(server, ["watch"]);
  if (terminal === undefined) return;
  await terminal.shows(/^No running tasks; press Ctrl-C to exit$/);
  const tasks = [];
  for (let number = 1; number <= 9; number++) tasks.push(await server.start(`t${number}`));
  await terminal.shows(/… and 3 more$/);
  assertEquals(terminal.screen.lines.length, 7, "the last row must stay free for the cursor");
  for (const task of tasks.slice(0, 7)) task.end();
  await terminal.shows(/^(.*Finished.*\n){7}(.*Starting.*\n?){2}$/);
  await terminal.process.type("\x03");
  assertEquals(await terminal.ended(), 130);
  const { screen } = terminal;
  assertMatch(screen.lines.join("\n"), /^(.*Finished.*\n){7}(.*Starting.*\n?){2}$/);
  assert(screen.isClean);
  assertEquals(screen.colored, 0, "NO_COLOR is set");
  for (const task of tasks.slice(7)) task.end();
});

Deno.test("watch shows on a terminal that the connection is lost, until it is restored", async () => {
  await using server = startTerminalServer();
  await using relay = new Relay(server.url);
  const task = await server.start("t");
  await using terminal = await openTerminal(server, ["watch", "t"], { TASKSCOPE_SERVER: relay.url });
  if (terminal === undefined) return;
  await terminal.shows(/^stepped.*Starting.*$/);
  await until(() => relay.sockets === 1);
  relay.cut();
  await terminal.shows(/^stepped.*\nCannot reach a server at \S+; retrying$/);
  relay.mend();
  await terminal.shows(/^stepped.*Starting.*$/);
  task.end();
  assertEquals(await terminal.ended(), 0);
  assertMatch(terminal.screen.lines.join("\n"), /^stepped.*Finished.*$/);
});

Deno.test("watch prints lines on a terminal that cannot move its cursor", async () => {
  await using server = startTerminalServer();
  const task = await server.start("t");
  await using terminal = await openTerminal(server, ["watch", "t"], { TERM: "dumb", NO_COLOR: "" });
  if (terminal === undefined) return;
  await terminal.process.output(/Starting/);
  task.end();
  const { code, stdout } = await terminal.process.ended();
  assertEquals(code, 0);
  assertMatch(
    stdout,
    /^\d\d:\d\d:\d\d {2}stepped .*Starting.*\r\n\d\d:\d\d:\d\d {2}stepped .*Finished.*\r\n$/,
  );
  assert(!stdout.includes("\x1b"));
});
