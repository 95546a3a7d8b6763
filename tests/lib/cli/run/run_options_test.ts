import { commandHelp } from "../../../../lib/cli/help.ts";
import { parseRun, RUN, type RunOptions } from "../../../../lib/cli/run/run_options.ts";
import { ConfigError } from "../../../../lib/errors.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "../../../support/assert.ts";

const DEFAULTS: Omit<RunOptions, "command" | "name"> = {
  client: "default",
  server: "http://127.0.0.1:8000",
  key: null,
  id: undefined,
  parentId: null,
  hasSubtasks: true,
  expectedWeight: null,
  tags: [],
  staleAfter: null,
  graceMs: 10_000,
  usesPty: false,
  waitsForOutput: false,
  showsCommand: false,
  measuresUsage: true,
  isQuiet: false,
};

function read(args: string[], variables: Record<string, string> = {}): RunOptions | null {
  return parseRun(args, (name) => variables[name]);
}

Deno.test("parseRun() passes flags after the name of the command on to the command", () => {
  const table: [string[], string[]][] = [
    [["--", "tar", "-c", "--name"], ["tar", "-c", "--name"]],
    [["tar", "-c", "--name", "--"], ["tar", "-c", "--name", "--"]],
    [["--quiet", "tar", "--quiet"], ["tar", "--quiet"]],
    [["--grace", "10", "tar"], ["tar"]],
    [["--grace=10", "tar"], ["tar"]],
    [["--tag", "a", "--tag=b", "--", "--", "x"], ["--", "x"]],
    [["--", "-x", "--help"], ["-x", "--help"]],
    [["tar", "--help"], ["tar", "--help"]],
    [["-", "x"], ["-", "x"]],
    [["", "x"], ["", "x"]],
  ];
  for (const [args, command] of table) assertEquals(read(args)?.command, command, args.join(" "));
  for (const args of [["--help"], ["-h"], ["--help", "tar"], ["--quiet", "--help", "--", "tar"]]) {
    assertEquals(read(args), null, args.join(" "));
  }
});

Deno.test("parseRun() reads flags and environment variables", () => {
  assertEquals(read(["--", "/usr/bin/tar", "-c"]), {
    ...DEFAULTS,
    command: ["/usr/bin/tar", "-c"],
    name: "tar",
  });
  const all = [
    ...["--name", "nightly", "--client=ci", "--server", "https://example.org/monitor/", "--id", "b:1"],
    ...["--tag=a", "--tag", "b c", "--stale-after=1.5", "--grace", "0", "--pty", "--show-command", "--quiet"],
    ...["--wait-output", "--expect", "2.5", "--no-nest", "--no-usage"],
  ];
  const expected = {
    ...{ command: ["x"], name: "nightly", client: "ci", server: "https://example.org/monitor", id: "b:1" },
    ...{ tags: ["a", "b c"], staleAfter: 1.5, graceMs: 0 },
    ...{ parentId: null, hasSubtasks: false, expectedWeight: 2.5, measuresUsage: false },
    ...{ usesPty: true, waitsForOutput: true, showsCommand: true, isQuiet: true, key: null },
  };
  assertEquals(read([...all, "x"]), expected);
  const variables = {
    ...{ TASKSCOPE_NAME: "nightly", TASKSCOPE_CLIENT: "ci", TASKSCOPE_SERVER: "https://example.org/monitor" },
    ...{ TASKSCOPE_ID: "b:1", TASKSCOPE_TAG: "a,b c", TASKSCOPE_STALE_AFTER: "1.5", TASKSCOPE_GRACE: "0" },
    ...{ TASKSCOPE_WAIT_OUTPUT: "1", TASKSCOPE_EXPECT: "2.5", TASKSCOPE_NO_NEST: "1" },
    TASKSCOPE_NO_USAGE: "1",
    ...{ TASKSCOPE_PTY: "1", TASKSCOPE_SHOW_COMMAND: "true", TASKSCOPE_QUIET: "1" },
  };
  assertEquals(read(["x"], variables), expected);
  assertEquals(read(["x"], { ...variables, TASKSCOPE_KEY: "k" }), { ...expected, key: "k" });
  assertEquals(read(["--name", "other", "x"], variables)?.name, "other");
});

Deno.test("parseRun() makes a run a subtask of the surrounding task of the same server and client", () => {
  const server = "http://127.0.0.1:9000";
  const parentOf = (args: string[], variables: Record<string, string>) =>
    read([...args, "x"], { TASKSCOPE_PARENT: "p", ...variables })?.parentId;
  const within = { TASKSCOPE_SERVER: `${server}/`, TASKSCOPE_CLIENT: "ci" };
  const table: [string[], Record<string, string>, string | null][] = [
    [[], within, "p"],
    [["--server", server, "--client", "ci"], within, "p"],
    [["--server", "http://127.0.0.1:9001"], within, null],
    [["--client", "other"], within, null],
    [["--no-nest"], within, null],
    [[], { ...within, TASKSCOPE_NO_NEST: "1" }, null],
    [[], { ...within, TASKSCOPE_PARENT: "" }, null],
    [[], {}, "p"],
    [["--client", "default", "--server", "http://127.0.0.1:8000"], {}, "p"],
    [["--client", "ci"], { TASKSCOPE_CLIENT: "" }, null],
    // A variable is not checked if a flag overrides it, or if its parent belongs to another client.
    [["--client", "other"], { ...within, TASKSCOPE_PARENT: "a/b" }, null],
    [["--server", server], { TASKSCOPE_SERVER: "nonsense" }, null],
  ];
  for (const [args, variables, parent] of table) {
    assertEquals(parentOf(args, variables), parent, JSON.stringify([args, variables]));
  }
});

Deno.test("parseRun() names a task after its program", () => {
  const names = ["make", "./bin/make", "/opt/make/", "C:\\bin\\make"];
  for (const program of names) assertEquals(read(["--", program])?.name, "make", program);
  assertEquals(read(["--", "/"])?.name, "/");
});

Deno.test("parseRun() throws a one-line message for an invalid value", () => {
  const table: [string[], string, Record<string, string>?][] = [
    [[], "run needs a command"],
    [["--"], "run needs a command"],
    [["--name", "x"], "run needs a command"],
    [["--nmae", "x", "y"], "Unknown flag --nmae"],
    [["-v", "y"], "Unknown flag -v"],
    [["--name"], "--name needs a value"],
    [
      ["--client", "a/b", "x"],
      '--client must be 1 to 128 characters of A-Z a-z 0-9 . _ - and not . or .., received "a/b"',
    ],
    [
      ["--id", "start", "x"],
      '--id must be 1 to 128 characters of A-Z a-z 0-9 . _ : - and not a reserved word, received "start"',
    ],
    [["--server", "ftp://x", "x"], '--server must be http(s)://host[:port][/path], received "ftp://x"'],
    [["--grace=-1", "x"], "--grace must be a number of seconds from 0 to 86400"],
    [["--grace", "soon", "x"], 'received "soon"'],
    [["--grace", "1e9", "x"], "--grace must be"],
    [["--stale-after", "0", "x"], "--stale-after must be a number of seconds above 0"],
    [["--tag", "x".repeat(65), "x"], "--tag may be given at most 32 times, with at most 64 characters each"],
    [["x"], 'TASKSCOPE_GRACE must be a number of seconds from 0 to 86400, received "x"', {
      TASKSCOPE_GRACE: "x",
    }],
    [["--expect=-1", "x"], '--expect must be a number of at least 0, received "-1"'],
    [["--expect", "9".repeat(400), "x"], "--expect must be a number of at least 0"],
    [["x"], "TASKSCOPE_PARENT must be 1 to 128 characters", { TASKSCOPE_PARENT: "a/b" }],
    [["x"], "TASKSCOPE_PTY must be 1 or 0", { TASKSCOPE_PTY: "maybe" }],
  ];
  for (const [args, part, variables] of table) {
    const error = assertThrows(() => read(args, variables), ConfigError, part);
    assertEquals(String(error).includes("\n"), false);
  }
});

Deno.test("commandHelp(RUN) lists flags, an environment variable, and exit statuses", () => {
  const help = commandHelp(RUN);
  for (const word of ["--stale-after <seconds>", "TASKSCOPE_SERVER", "--pty", "125", "126", "127"]) {
    assertStringIncludes(help, word);
  }
});
