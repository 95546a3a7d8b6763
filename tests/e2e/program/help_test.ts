import { assertEquals, assertMatch } from "../../support/assert.ts";
import { runProgram } from "../../support/program.ts";

Deno.test("help shows the help of the program, or of a command", async () => {
  const all = await runProgram(["--help"]);
  for (const args of [["help"], ["help", "--help"], ["help", "-h"]]) {
    assertEquals(await runProgram(args), all, args.join(" "));
  }
  for (const command of ["serve", "run", "wait", "check", "token"]) {
    assertEquals(await runProgram(["help", command]), await runProgram([command, "--help"]), command);
  }
});

Deno.test("help shows the help of a command below another one", async () => {
  for (const command of ["start", "update", "log", "finish", "fail", "cancelled"]) {
    const help = await runProgram(["help", "report", command]);
    assertEquals(help, await runProgram(["report", command, "--help"]), command);
    assertMatch(help.stdout, new RegExp(`^Usage: taskscope report ${command} <.+\n\n[^]+\nExamples:\n`));
    assertEquals(help.stdout.split("\n").filter((line) => line.length > 80), []);
  }
});

Deno.test("main: an error suggests the command, the flag or the value that was meant", async () => {
  const table: [string[], string][] = [
    [["wtach"], 'Unknown command "wtach"; did you mean "watch"?'],
    [["help", "wtach"], 'Unknown command "wtach"; did you mean "watch"?'],
    [["help", "frobnicate"], 'Unknown command "frobnicate"; --help lists the commands'],
    [["help", "wait", "x"], 'Unknown command "x"; --help lists the commands'],
    [["watch", "--clinet", "c"], "Unknown flag --clinet; did you mean --client?"],
    [["--prot", "1"], "Unknown flag --prot; did you mean --port?"],
    [["--log", "jsno"], '--log must be pretty or json, received "jsno"; did you mean "json"?'],
    [
      ["ls", "--state", "finishd"],
      "--state must be one of NOT_STARTED, STARTING, PROCESSING, FINISHED, ERROR, CANCELLED, " +
      'received "finishd"; did you mean "FINISHED"?',
    ],
  ];
  for (const [args, message] of table) {
    assertEquals(await runProgram(args), { code: 2, stdout: "", stderr: `taskscope: ${message}\n` });
  }
});
