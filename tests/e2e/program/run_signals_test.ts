/** Tests of `taskscope run` in a process of its own: signals, terminals, and cancellation by a watcher. */

import { listProcesses } from "../../../lib/cli/run/processes.ts";
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { moduleArgs } from "../../support/program.ts";
import { Runs } from "../../support/runs.ts";
import { findTool } from "../../support/tools.ts";

/** A script that prints each signal that it receives; its traps set the exit status, which is otherwise 4. */
const LISTENER = `
n=0
trap 'n=$((n+1)); echo "INT $n"' INT
trap 'echo TERM; exit 5' TERM
trap 'echo HUP; exit 6' HUP
trap 'echo USR2; exit 0' USR2
trap 'echo QUIT; exit 7' QUIT
echo ready
i=0
while [ $i -lt 400 ] && [ ! -e end ]; do sleep 0.05; i=$((i+1)); done
echo "heard $n"
exit 4
`;

/**
 * Returns a script that runs its arguments in a pseudo-terminal, whose input is stdin; no argument may contain a quote.
 *
 * @param line what the shell in the pseudo-terminal runs; `$line` is the arguments
 */
const inTerminal = (line: string) => `
line=
for word; do line="$line '$word'"; done
exec script -qefc "${line}" /dev/null
`;
const IN_TERMINAL = inTerminal("exec $line");

Deno.test("runCommand() forwards signals, and exits with the status of the command", async (t) => {
  const table: [Deno.Signal, RegExp, number, string][] = [
    ["SIGTERM", /TERM/, 5, "CANCELLED"],
    ["SIGQUIT", /QUIT/, 7, "CANCELLED"],
    // SIGHUP does not count as a cancellation, because daemons reload their configuration on it.
    ["SIGHUP", /HUP/, 6, "ERROR"],
    ["SIGUSR2", /USR2/, 0, "FINISHED"],
  ];
  await using runs = new Runs();
  for (const [signal, word, status, state] of table) {
    await t.step(signal, async () => {
      await using process = await runs.start(["--id", signal, "--", "sh", "-c", LISTENER]);
      await process.output(/ready/);
      process.kill(signal);
      await process.output(word);
      assertEquals((await process.ended()).code, status);
      assertEquals((await runs.task(signal)).state, state);
    });
  }
});

Deno.test("runCommand() forwards a signal only once if it arrives twice at the same time, and waits for the command", async () => {
  await using runs = new Runs();
  await using process = await runs.start(["--", "sh", "-c", LISTENER]);
  await process.output(/ready/);
  process.kill("SIGINT");
  process.kill("SIGINT");
  await process.output(/INT 1/);
  runs.file("end", "");
  const { code, stdout } = await process.ended();
  assertEquals([code, stdout], [4, "ready\nINT 1\nheard 1\n"]);
  assertEquals((await runs.task()).state, "CANCELLED");
});

Deno.test("runCommand() reports a task as cancelled if a forwarded signal killed the command", async () => {
  await using runs = new Runs();
  for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
    await using process = await runs.start(["--id", signal, "--", "sh", "-c", "echo ready; exec sleep 60"]);
    await process.output(/ready/);
    process.kill(signal);
    assertEquals((await process.ended()).code, status);
    assertEquals((await runs.task(signal)).state, "CANCELLED");
  }
});

Deno.test("runCommand() does not forward Ctrl-C, which the terminal sends to the command itself", async (t) => {
  if (await findTool(["script"], "The test of Ctrl-C") === undefined) return;
  for (const flags of [[], ["--pty"]]) {
    await t.step(flags[0] ?? "no flags", async () => {
      await using runs = new Runs();
      const counter = [Deno.execPath(), ...await moduleArgs("tests/support/count_signals.ts", [])];
      const options = { stdin: "piped", within: IN_TERMINAL } as const;
      await using process = await runs.start([...flags, "--", ...counter], options);
      await process.output(/ready/);
      await process.type("\x03");
      const { code, stdout } = await process.ended();
      assertEquals(code, 4);
      // The inner script(1) may restore the terminal before its last output arrives; the terminal then adds another "\r".
      assertMatch(stdout, /heard 1\r{1,2}\n/);
      assertEquals((await runs.task()).state, flags.length === 0 ? "CANCELLED" : "ERROR");
    });
  }
});

Deno.test("runCommand() on a terminal forwards SIGINT if it cannot come from the keyboard", async (t) => {
  if (Deno.build.os !== "linux") return;
  for (const tool of ["script", "setsid"]) {
    if (await findTool([tool], "The test of SIGINT") === undefined) return;
  }
  const lines = { "in the background": "set -m; $line & wait", "in another session": "exec setsid -w $line" };
  for (const [name, line] of Object.entries(lines)) {
    await t.step(name, async () => {
      await using runs = new Runs();
      const options = { stdin: "piped", within: inTerminal(line) } as const;
      runs.file("listener", `echo "run $PPID"\n${LISTENER}`);
      await using process = await runs.start(["--", "sh", "listener"], options);
      const [, pid] = await process.output(/run (\d+)[^]*ready/);
      Deno.kill(Number(pid), "SIGINT");
      await process.output(/INT 1/);
      runs.file("end", "");
      assertMatch((await process.ended()).stdout, /heard 1\r\n/);
      assertEquals((await runs.task()).state, "CANCELLED");
    });
  }
});

Deno.test("runCommand() --pty reports a task as cancelled if Ctrl-C killed the command", async () => {
  if (await findTool(["script"], "The test of Ctrl-C") === undefined) return;
  await using runs = new Runs();
  const options = { stdin: "piped", within: IN_TERMINAL } as const;
  await using process = await runs.start(["--pty", "--", "sh", "-c", "echo ready; exec sleep 60"], options);
  await process.output(/ready/);
  await process.type("\x03");
  assertEquals((await process.ended()).code, 130);
  assertEquals((await runs.task()).state, "CANCELLED");
});

Deno.test("runCommand() stops the command and its descendants when a watcher cancels the task", async () => {
  if (await findTool(["ps"], "The test of cancelling") === undefined) return;
  await using runs = new Runs();
  // If only the outer shell were stopped, the inner one would continue to run and hold the output open.
  await using process = await runs.start(["--", "sh", "-c", "sh -c 'echo ready; sleep 60'; echo after"]);
  await process.output(/ready/);
  await runs.cancel();
  const { code, stdout } = await process.ended();
  assertEquals([code, stdout], [143, "ready\n"]);
  const { state, error } = await runs.task();
  assertEquals([state, error], ["CANCELLED", null]);
});

Deno.test("runCommand() ends everything that a cancelled command started, and reports the end of the command at once", async (t) => {
  if (await findTool(["ps"], "The test of cancelling") === undefined) return;
  /** Scripts that print the process ids of what they start. */
  const scripts = {
    "children, orphans and new sessions":
      "setsid sleep 305 & echo $!; (sleep 306 & echo $!); sleep 307 & echo $!; wait",
    "daemons without an output":
      "(setsid sh -c 'echo $$; exec sleep 308 >/dev/null 2>&1 </dev/null' &); sleep 0.3; exec sleep 309",
    "orphans that ignore SIGTERM":
      `(sh -c 'trap "" TERM; echo $$; exec >/dev/null 2>&1; while :; do sleep 0.1; done' &); exec sleep 310`,
    "a run within the run": "$RUN --id inner -- sh -c '(sleep 311 & echo $!); sleep 312' & wait",
  };
  for (const [name, script] of Object.entries(scripts)) {
    await t.step(name, async () => {
      await using runs = new Runs();
      await using process = await runs.start(["--grace", "1", "--", "sh", "-c", await runs.withRun(script)]);
      await process.output(name.startsWith("children") ? /(\d+\n){3}/ : /\d+\n/);
      await runs.cancel();
      const { stdout } = await process.ended();
      assertEquals((await runs.task()).state, "CANCELLED");
      const alive = new Set((await listProcesses()).map(({ pid }) => pid));
      const pids = stdout.trim().split("\n").map(Number);
      assertEquals(pids.filter((pid) => alive.has(pid)), []);
    });
  }
});

Deno.test("runCommand() kills a cancelled command after --grace", async () => {
  await using runs = new Runs();
  const deaf = `trap 'echo no' TERM; echo ready; while :; do sleep 0.05; done`;
  await using process = await runs.start(["--grace", "2", "--", "sh", "-c", deaf]);
  await process.output(/ready/);
  await runs.cancel();
  const { code, stdout } = await process.ended();
  assertEquals([code, stdout], [137, "ready\nno\n"]);
  assertEquals((await runs.task()).state, "CANCELLED");
});

Deno.test("runCommand() --pty runs the command in a terminal, exits with its status, and can be cancelled", async (t) => {
  for (const tool of ["script", "ps"]) if (await findTool([tool], "The test of --pty") === undefined) return;
  await using runs = new Runs();
  const run = (id: string, script: string) => runs.run(["--id", id, "--pty", "--", "sh", "-c", script]);
  await t.step("the command has a terminal", async () => {
    const { code, stdout, stderr } = await run("a", 'test -t 1 && test -t 2 && stty size; echo "$0"; exit 3');
    assertEquals([code, stdout, stderr], [3, "24 80\r\nsh\r\n", ""]);
    const { state, error } = await runs.task("a");
    assertEquals([state, error?.message], ["ERROR", "Exited with status 3: sh"]);
    assertEquals(await runs.log("a"), ["24 80", "sh"]);
  });
  await t.step("the command gets its arguments and variables", async () => {
    const script = 'printf "%s|" "$@"; echo "$SHELL"';
    const words = ["a b", "it's", "$HOME", "", "\\"];
    const args = ["--id", "b", "--pty", "--", "sh", "-c", script, "sh", ...words];
    const { stdout } = await runs.run(args, { env: { SHELL: "/bin/none of these" } });
    assertEquals(stdout, `${words.join("|")}|/bin/none of these\r\n`);
  });
  await t.step("a signal kills the command", async () => {
    assertEquals((await run("c", "kill -9 $$")).code, 137);
  });
  await t.step("taskscope receives a signal", async () => {
    await using process = await runs.start(["--id", "d", "--pty", "--", "sh", "-c", LISTENER]);
    await process.output(/ready/);
    process.kill("SIGTERM");
    assertEquals((await process.ended()).code, 5);
    assertEquals((await runs.task("d")).state, "CANCELLED");
  });
  await t.step("a watcher cancels the task", async () => {
    await using process = await runs.start(["--id", "e", "--pty", "--", "sh", "-c", LISTENER]);
    await process.output(/ready/);
    await runs.cancel("e");
    assertEquals((await process.ended()).code, 5);
    assertEquals((await runs.task("e")).state, "CANCELLED");
  });
});

Deno.test("runCommand() --pty restores the terminal after a cancelled command was killed", async () => {
  for (const tool of ["script", "ps"]) if (await findTool([tool], "The test of --pty") === undefined) return;
  await using runs = new Runs();
  const line = "stty -g; $line; status=\\$?; stty -g; exit \\$status";
  const deaf = 'trap "" TERM; echo ready; while :; do sleep 0.05; done';
  const options = { stdin: "piped", within: inTerminal(line) } as const;
  await using process = await runs.start(["--pty", "--grace", "1", "--", "sh", "-c", deaf], options);
  await process.output(/ready/);
  await runs.cancel();
  const { code, stdout } = await process.ended();
  const [before, ...others] = stdout.split(/[\r\n]+/).filter((line) => line !== "");
  assertEquals([code, others], [137, ["ready", before]]);
  assertEquals((await runs.task()).state, "CANCELLED");
});

Deno.test("runCommand() --pty exits with 125 without script(1), and with 127 if the command is not found", async () => {
  await using runs = new Runs();
  const { stdout } = await runs.run(["--id", "sh", "--", "sh", "-c", "command -v sh"]);
  await Deno.mkdir(`${runs.folder}/bin`);
  await Deno.symlink(stdout.trim(), `${runs.folder}/bin/sh`);
  const env = { PATH: `${runs.folder}/bin` };
  assertEquals(await runs.run(["--pty", "--", "sh"], { env }), {
    code: 125,
    stdout: "",
    stderr: "taskscope: --pty needs script(1), which was not found; install util-linux\n",
  });
  assertEquals((await runs.run(["--id", "none", "--pty", "--", "no-such-command"])).code, 127);
});
