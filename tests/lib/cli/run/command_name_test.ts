import { commandName } from "../../../../lib/cli/run/command_name.ts";
import { assertEquals, assertLessOrEqual } from "../../../support/assert.ts";

function check(table: readonly (readonly [command: readonly string[], name: string])[]): void {
  for (const [command, name] of table) assertEquals(commandName(command), name, command.join(" "));
}

Deno.test("commandName() is the name of the program, without its folder", () => {
  check([
    [["make", "all"], "make"],
    [["/opt/make/"], "make"],
    [["C:\\bin\\make"], "make"],
    [["/"], "/"],
    [[""], ""],
    [["npm", "run", "build"], "npm"],
    [["deno", "task", "test"], "deno"],
    [["python3"], "python3"],
    [["sh"], "sh"],
    [["env"], "env"],
  ]);
});

Deno.test("commandName() is the file or module that an interpreter executes", () => {
  check([
    [["python3", "train.py", "--lr", "1"], "train.py"],
    [["/usr/bin/python3.11", "-u", "-W", "ignore", "/srv/jobs/train.py"], "train.py"],
    [["python", "-m", "http.server", "80"], "http.server"],
    [["python", "-c", "print(1)"], "python"],
    [["node", "--import", "./a.mjs", "server.js"], "server.js"],
    [["node", "-e", "secret()"], "node"],
    [["java", "-Xmx1g", "-jar", "app.jar"], "app.jar"],
    [["deno", "run", "-A", "main.ts"], "main.ts"],
    [["bash", "-eo", "pipefail", "./deploy.sh", "prod"], "deploy.sh"],
    [["perl", "-ne", "print"], "perl"],
  ]);
});

Deno.test("commandName() skips programs that only start another program", () => {
  check([
    [["npx", "-y", "tool"], "tool"],
    [["npx", "-y", "-p", "a@1", "@scope/tool@2.1.0", "x"], "@scope/tool"],
    [["npx", "-y", "deno@2.9.6", "run", "-A", "job.ts"], "job.ts"],
    [["npm", "exec", "--", "eslint", "."], "eslint"],
    [["uv", "run", "train.py"], "train.py"],
    [["uv", "run", "--with", "numpy", "python", "train.py"], "train.py"],
    [["env", "-u", "A", "TOKEN=secret", "make"], "make"],
    [["nice", "-n", "5", "timeout", "-k", "5", "60", "sudo", "-u", "bob", "python3", "a.py"], "a.py"],
    [["time", "--", "rsync", "-a", "x", "y"], "rsync"],
    [Array.from({ length: 1_000 }, () => "nohup"), "nohup"],
  ]);
});

Deno.test("commandName() is a short form of the script of a shell", () => {
  const table: [string, string][] = [
    ["make all && ls", "make all && ls"],
    ["make test", "make test"],
    ["set -e; cd app\nnpm ci && npm test", "npm ci && npm test"],
    ["pg_dump -U me db | gzip > /backup/db.gz", "pg_dump | gzip"],
    ["cargo build --release 2>&1 | tee build.log", "cargo build | tee build.log"],
    ["python3 train.py --lr 1; ./notify.sh done", "train.py; notify.sh done"],
    ["for i in 1 2 3; do convert $i.png; done", "convert"],
    ["if test -e x; then rsync -a x y; fi", "test; rsync"],
    ["# a comment\nmake docs # more", "make docs"],
    ["sh -c 'make inner'", "sh"],
    ["exec ./server", "server"],
    ["echo 1; echo 2; sleep 1; echo 3", "echo; sleep; echo"],
    ["(make clean; make)", "make clean; make"],
    ["", "sh"],
    ["cd x", "sh"],
    ["$PROGRAM x", "sh"],
  ];
  for (const [script, name] of table) assertEquals(commandName(["sh", "-c", script]), name, script);
  assertEquals(commandName(["bash", "-euo", "pipefail", "-c", "make all"]), "make all");
  assertEquals(commandName(["bash", "-lc", "make all"]), "make all");
});

Deno.test("commandName() shows no part of a script that may be secret", () => {
  const scripts = [
    "curl -H 'Authorization: Bearer s3cret' https://u:s3cret@h/",
    "mysql -ps3cret db",
    "TOKEN=s3cret A='s3cret' ./deploy",
    "echo s3cret | docker login -p s3cret",
    'printf "%s" "s3cret" > file',
    "export KEY=s3cret; run $(cat s3cret) `s3cret` ${s3cret}",
    "login s3cret",
    "tool --key=s3cret <<< s3cret",
  ];
  for (const script of scripts) {
    assertEquals(commandName(["sh", "-c", script]).includes("s3cret"), false, script);
  }
  assertEquals(commandName(["sh", "-c", "echo hidden"]), "echo");
});

Deno.test("commandName() shows no argument of a script from standard input, and no value of an option", () => {
  check([
    [["sh", "-s", "--", "--token", "s3cret"], "sh"],
    [["bash", "-es", "s3cret"], "bash"],
    [["sh", "-", "s3cret"], "sh"],
    [["python3", "-", "s3cret"], "python3"],
    [["node", "-", "s3cret"], "node"],
    [["sudo", "--user", "root", "make"], "make"],
    [["timeout", "--signal", "KILL", "10", "make"], "make"],
    [["timeout", "--signal=KILL", "10", "make"], "make"],
    [["nice", "--adjustment", "5", "make"], "make"],
    [["chrt", "-f", "50", "make"], "make"],
    [["stdbuf", "--output", "L", "make"], "make"],
    [["time", "-o", "s3cret", "make"], "make"],
    [["uv", "run", "--env-file", ".env", "python", "train.py"], "train.py"],
    [["bash", "--rcfile", "s3cret", "deploy.sh"], "deploy.sh"],
  ]);
});

Deno.test("commandName() of a script is bounded, and takes linear time", () => {
  const long = Array.from({ length: 100 }, (_, index) => `program-${"x".repeat(20)}${index} a`).join("; ");
  assertLessOrEqual(commandName(["sh", "-c", long]).length, 62);
  for (const part of ["'", '"', "`", "$(", "${", "\\", "(", "<", "&", " ", "#", "a=", "\n;"]) {
    commandName(["sh", "-c", part.repeat(1_000_000)]);
  }
});
