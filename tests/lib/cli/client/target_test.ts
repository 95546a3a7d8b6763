import { readFlags } from "../../../../lib/cli/flags.ts";
import { TARGET_FLAGS, targetFrom, taskIdFrom } from "../../../../lib/cli/client/target.ts";
import { ConfigError } from "../../../../lib/errors.ts";
import { assertEquals, assertThrows } from "../../../support/assert.ts";

function target(args: string[], variables: Record<string, string> = {}) {
  const readVariable = (name: string) => variables[name];
  return targetFrom(readFlags(TARGET_FLAGS, args, readVariable)!, readVariable);
}

Deno.test("targetFrom() reads the server, the client and the key, with defaults for this machine", () => {
  assertEquals(target([]), { server: "http://127.0.0.1:8000", client: "default", key: null });
  const variables = { TASKSCOPE_SERVER: "https://ci.example.org/tasks/", TASKSCOPE_CLIENT: "ci" };
  assertEquals(target([], variables), { server: "https://ci.example.org/tasks", client: "ci", key: null });
  assertEquals(target(["--server", "http://[::1]:5//", "--client=a.b"], variables), {
    server: "http://[::1]:5",
    client: "a.b",
    key: null,
  });
  assertEquals(target([], { TASKSCOPE_KEY: "a-key" }).key, "a-key");
});

Deno.test("targetFrom() throws a message that names the flag or variable if a value is invalid", () => {
  const servers = ["127.0.0.1:8000", "ftp://x/", "http://u:p@x/", "http://x/?a", "http://x/#a", "ws://x/"];
  for (const server of servers) {
    const message = `--server must be http(s)://host[:port][/path], received "${server}"`;
    assertEquals(assertThrows(() => target(["--server", server]), ConfigError).message, message);
  }
  for (const client of ["a b", "..", "ü", "x".repeat(129)]) {
    assertEquals(
      assertThrows(() => target([], { TASKSCOPE_CLIENT: client }), ConfigError).message,
      "TASKSCOPE_CLIENT must be 1 to 128 characters of A-Z a-z 0-9 . _ - and not . or .., " +
        `received ${JSON.stringify(client)}`,
    );
  }
});

Deno.test("taskIdFrom() accepts exactly one valid task id", () => {
  assertEquals(taskIdFrom(["01JD:a_b-c.d"], "wait"), "01JD:a_b-c.d");
  const table: [string[], string][] = [
    [[], 'wait needs a task id; "taskscope ls" lists the tasks with their ids'],
    [["a", "b"], 'wait takes one task id, received a second argument "b"'],
    [
      ["a/b"],
      'The task id must be 1 to 128 characters of A-Z a-z 0-9 . _ : - and not a reserved word, received "a/b"',
    ],
    [
      ["start"],
      'The task id must be 1 to 128 characters of A-Z a-z 0-9 . _ : - and not a reserved word, received "start"',
    ],
  ];
  for (const [operands, message] of table) {
    assertEquals(assertThrows(() => taskIdFrom(operands, "wait"), ConfigError).message, message);
  }
});
