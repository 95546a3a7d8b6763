/** Tests of the commands backup, restore and check, also while a server writes to the database. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { writeAndDie } from "../support/killed_writer.ts";
import { type Program, runProgram, startProgram } from "../support/program.ts";
import { StoreFolder } from "../support/store_folder.ts";

/** A temporary folder, which disposal removes. */
class Folder implements AsyncDisposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "taskscope-backup-" });

  file(name: string): string {
    return `${this.path}/${name}`;
  }

  async names(): Promise<string[]> {
    return (await Array.fromAsync(Deno.readDir(this.path), ({ name }) => name)).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** Creates and ends one task after the other until it is stopped; records the ids of the acknowledged tasks. */
function writer({ url }: Program) {
  const acknowledged: string[] = [];
  let isOver = false;
  async function write(): Promise<void> {
    for (let number = 0; !isOver; number++) {
      const id = `t-${number}`;
      const created = await call("POST", `${url}/tasks/c`, { body: { id, name: "written" } });
      assertEquals(created.status, 201, created.text);
      assertEquals(
        (await call("POST", `${url}/tasks/c/${id}/finish`, { body: { result: number } })).status,
        200,
      );
      acknowledged.push(id);
    }
  }
  const done = write();
  // The rejection is handled here, so that an earlier failure of the test is the one that is reported.
  done.catch(() => {});
  return {
    acknowledged,
    stop: async () => {
      isOver = true;
      await done;
    },
  };
}

Deno.test("taskscope backup copies every task that a server acknowledged before, while it writes others, and restore restores them", async () => {
  await using folder = new Folder();
  const [data, copy] = [folder.file("tasks.db"), folder.file("copy.db")];
  let before: string[];
  let cursor: string;
  {
    await using program = await startProgram(["--data", data]);
    const { acknowledged, stop } = writer(program);
    while (acknowledged.length < 30) await new Promise((resolve) => setTimeout(resolve, 5));
    before = [...acknowledged];
    const made = await runProgram(["backup", copy, "--data", data]);
    assertEquals([made.code, made.stderr], [0, ""]);
    const again = await runProgram(["backup", copy, "--data", data]);
    assertEquals(again.code, 1);
    assertStringIncludes(again.stderr, "it already exists; use --force to replace it");
    assertEquals((await runProgram(["backup", copy, "--data", data, "--force"])).code, 0);
    const refused = await runProgram(["restore", copy, "--data", data]);
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.stderr, "another Taskscope is using it");
    await stop();
    await call("POST", `${program.url}/tasks/c`, { body: { id: "after" } });
    assert(acknowledged.length > before.length, "the server did not write in the meantime");
    assertMatch(
      (await runProgram(["check", "--data", data])).stdout,
      /is intact: [\d,]+ ended tasks and 1 unfinished/,
    );
    assertMatch(
      (await runProgram(["check", "--server", program.url])).stdout,
      /is ready and serves the tasks of client/,
    );
    cursor = (await call("GET", `${program.url}/tasks/c?limit=1`)).json.cursor;
  }
  const restored = await runProgram(["restore", copy, "--data", data]);
  assertEquals([restored.code, restored.stderr], [0, ""]);
  assertMatch(
    restored.stdout,
    /Restored .*tasks\.db from .*copy\.db; the replaced file is .*tasks\.db\.before-/,
  );
  await using program = await startProgram(["--data", data, "--limit", "endedTasksPerClient=100000"]);
  const { json } = await call("GET", `${program.url}/tasks/c`);
  for (const [number, id] of before.entries()) assertEquals(json.all_tasks[id]?.result, number, id);
  assertEquals(json.all_tasks.after, undefined);
  assertNotEquals(
    json.cursor.split(":")[0],
    cursor.split(":")[0],
    "sequence numbers are reused after a restore, so the epoch must differ",
  );
  assertEquals((await call("GET", `${program.url}/tasks/c?after=${cursor}`)).status, 410);
  assertEquals((await folder.names()).filter((name) => name.includes("partial")), []);
});

Deno.test("taskscope restore and a server that starts name the renamed log of a killed server whose file was deleted", async () => {
  await using folder = new Folder();
  const [data, copy] = [folder.file("tasks.db"), folder.file("copy.db")];
  const logOf = (text: string) =>
    /now "?(\S+tasks\.db\.before-\S+-wal)\b/.exec(text)?.[1] ?? `none in ${text}`;
  for (const isRestored of [true, false]) {
    {
      await using program = await startProgram(["--data", data]);
      assertEquals((await call("POST", `${program.url}/tasks/c`, { body: { id: "before" } })).status, 201);
      await runProgram(["backup", copy, "--data", data, "--force"]);
      assertEquals((await call("POST", `${program.url}/tasks/c`, { body: { id: "after" } })).status, 201);
      program.process.kill("SIGKILL");
      await program.process.ended();
    }
    await Deno.remove(data);
    const log = await Deno.readFile(`${data}-wal`);
    if (isRestored) {
      const restored = await runProgram(["restore", copy, "--data", data]);
      assertEquals([restored.code, restored.stderr], [0, ""]);
      assertEquals(await Deno.readFile(logOf(restored.stdout)), log);
    }
    {
      await using program = await startProgram(["--data", data]);
      const { json } = await call("GET", `${program.url}/tasks/c`);
      assertEquals(Object.keys(json.all_tasks), isRestored ? ["before"] : []);
      const { stdout, stderr } = program.process;
      if (!isRestored) assertEquals(await Deno.readFile(logOf(stdout + stderr)), log);
    }
    await Deno.remove(data);
  }
});

Deno.test("taskscope backup, restore and check exit with 1 on an unusable file, and change nothing", async () => {
  await using folder = new Folder();
  const [data, damaged, text, copy] = ["tasks.db", "damaged.db", "text.db", "copy.db"].map((name) =>
    folder.file(name)
  );
  {
    await using program = await startProgram(["--data", data!]);
    for (let task = 0; task < 50; task++) {
      await call("POST", `${program.url}/tasks/c`, { body: { status: "x".repeat(900) } });
    }
  }
  const bytes = await Deno.readFile(data!);
  bytes.fill(0xff, 4_096 * 3, 4_096 * 6);
  await Deno.writeFile(damaged!, bytes);
  await Deno.writeTextFile(
    text!,
    "this is no database, though it is long enough to look like one ".repeat(50),
  );
  const names = (await folder.names()).filter((name) => !name.endsWith(".lock"));
  const table: [string[], RegExp][] = [
    [["check", "--data", damaged!], /damaged/],
    [["check", "--data", text!], /it is not a database/],
    [["check", "--data", folder.file("none.db")], /there is no such file/],
    [["check", "--data", folder.path], /it is a folder; name a file in it/],
    [["backup", copy!, "--data", text!], /it is not a database/],
    [["backup", copy!, "--data", damaged!], /damaged\.db": the file is damaged.*No copy was made of it/],
    [["backup", copy!, "--data", folder.file("none.db")], /there is no such file/],
    [["backup", `${folder.path}/no/copy.db`, "--data", data!], /its folder must exist/],
    [["restore", damaged!, "--data", data!], /damaged/],
    [["restore", text!, "--data", data!], /it is not a database/],
    [["restore", folder.file("none.db"), "--data", data!], /there is no such file/],
  ];
  for (const [args, reason] of table) {
    const { code, stdout, stderr } = await runProgram(args);
    assertEquals([code, stdout], [1, ""], args.join(" "));
    assertMatch(stderr, reason);
    assertEquals(stderr.trim().split("\n").length, 1, stderr);
  }
  assertEquals((await folder.names()).filter((name) => !name.endsWith(".lock")), names);
  for (
    const args of [["backup"], ["restore"], ["backup", "a", "b"], ["check", "x"], [
      "backup",
      "a",
      "--data",
      ":memory:",
    ]]
  ) {
    assertEquals((await runProgram(args)).code, 2, args.join(" "));
  }
  assertEquals((await runProgram(["check", "--server", "http://127.0.0.1:1"])).code, 4);
});

Deno.test("taskscope check exits with 4 if the server lists tasks, but does not answer at /readyz", async () => {
  const server = createServer((request, response) => {
    if (request.url === "/readyz") return void request.socket.destroy();
    response.setHeader("content-type", "application/json");
    response.end('{"active_tasks":[],"all_tasks":{},"total":0,"next_page":null,"cursor":"a:1"}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    assertEquals(await runProgram(["check", "--server", url]), {
      code: 4,
      stdout: "",
      stderr: `taskscope: Cannot reach ${url}/readyz\n`,
    });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

Deno.test("taskscope check, backup, restore and move say which changes a crash has lost, and exit with 1", async () => {
  using killed = new StoreFolder();
  await writeAndDie(killed, { commits: 5, end: "kill" });
  const log = `${killed.file}-wal`;
  await Deno.truncate(log, (await Deno.stat(log)).size - 4_096);
  await using folder = new Folder();
  const commands: Record<string, (file: string, other: string) => string[]> = {
    check: (file) => ["check", "--data", file],
    backup: (file, other) => ["backup", other, "--data", file],
    restore: (file, other) => ["restore", file, "--data", other],
    move: (file, other) => ["move", "--from", file, "--to", other],
  };
  for (const [name, argsOf] of Object.entries(commands)) {
    const [file, other] = [folder.file(`${name}.db`), folder.file(`${name}-other.db`)];
    for (const suffix of ["", "-wal", "-shm"]) await Deno.copyFile(killed.file + suffix, file + suffix);
    const { stderr, stdout, code } = await runProgram(argsOf(file, other));
    assertMatch(
      stderr,
      /^taskscope: Changes were lost: of the \d+ pages in the write-ahead log of ".*\.db", .*restore a backup\n$/,
      name,
    );
    assertEquals(code, 1, name);
    assertMatch(stdout, /^(The rest of .* is intact:|Copied|Restored|Moved 4 tasks) .*\n$/, name);
    const again = await runProgram(["check", "--data", name === "check" ? file : other]);
    assertEquals([again.stderr, again.code], ["", 0], "no loss is reported twice");
  }
});
