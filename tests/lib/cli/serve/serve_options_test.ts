import { variableOf } from "../../../../lib/cli/flags.ts";
import { commandHelp } from "../../../../lib/cli/help.ts";
import { SERVE, SERVE_FLAGS } from "../../../../lib/cli/serve/serve_flags.ts";
import { loopbackHosts, parseServe } from "../../../../lib/cli/serve/serve_options.ts";
import { ConfigError } from "../../../../lib/errors.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "../../../support/assert.ts";

function parse(args: string[], variables: Record<string, string> = {}) {
  return parseServe(args, (name) => variables[name]);
}

const DEFAULTS = {
  host: "127.0.0.1",
  port: 8000,
  data: undefined,
  advertise: undefined,
  nodeCa: undefined,
  durability: "normal" as const,
  basePath: "",
  publicUrls: [],
  allowedOrigins: [],
  notify: [],
  notifySecret: "",
  taskModules: [],
  withDemo: true,
  root: ".",
  channel: "taskscope",
  key: undefined,
  previousKey: undefined,
  tls: null,
  signIn: true,
  allowAddressHosts: false,
  trustedProxies: [],
  logFormat: "pretty" as const,
  logLevel: "info" as const,
  limits: {},
};

const KEY = "0123456789abcdef";

Deno.test("parseServe() reads every flag and its environment variable", () => {
  const table: [string, string, object][] = [
    ["host", "::1", { host: "::1" }],
    ["host", "localhost", { host: "localhost" }],
    ["host", "127.1.2.3", { host: "127.1.2.3" }],
    ["trust-proxy", "10.0.0.1", { trustedProxies: ["10.0.0.1"] }],
    ["log", "json", { logFormat: "json" }],
    ["log-level", "error", { logLevel: "error" }],
    ["port", "0", { port: 0 }],
    ["port", "65535", { port: 65_535 }],
    ["data", "/var/lib/tasks.db", { data: "/var/lib/tasks.db" }],
    ["data", "tasks.db", { data: "tasks.db" }],
    ["data", ":memory:", { data: ":memory:" }],
    ["durability", "normal", { durability: "normal" }],
    ["durability", "full", { durability: "full" }],
    ["base-path", "/monitor", { basePath: "/monitor" }],
    ["public-url", "https://ci.example.org/tasks", { publicUrls: ["https://ci.example.org/tasks"] }],
    ["allow-origin", "https://a.org", { allowedOrigins: ["https://a.org"] }],
    ["notify", "http://h/hook?a=b", { notify: [{ url: "http://h/hook?a=b" }] }],
    ["notify", "https://h/,task.error,task.cancelled", {
      notify: [{ url: "https://h/", events: ["task.error", "task.cancelled"] }],
    }],
    ["tasks", "./tasks.ts", { taskModules: ["./tasks.ts"] }],
    ["root", "/data", { root: "/data" }],
    ["channel", "ci", { channel: "ci" }],
    ["limit", "endedTasks=5", { limits: { endedTasks: 5 } }],
  ];
  assertEquals(parse([]), DEFAULTS);
  for (const [flag, value, expected] of table) {
    assertEquals(parse([`--${flag}`, value]), { ...DEFAULTS, ...expected }, flag);
    assertEquals(parse([`--${flag}=${value}`]), { ...DEFAULTS, ...expected }, flag);
    assertEquals(parse([], { [variableOf(flag)]: value }), { ...DEFAULTS, ...expected }, variableOf(flag));
  }
  for (const given of [parse(["--no-demo"]), parse([], { TASKSCOPE_NO_DEMO: "1" })]) {
    assertEquals(given, { ...DEFAULTS, withDemo: false });
  }
  const alone = [
    "advertise",
    "node-ca",
    "no-demo",
    "key-file",
    "previous-key-file",
    "cert",
    "tls-key",
    "insecure-http",
  ];
  const tested = new Set([...table.map(([flag]) => flag), ...alone]);
  assertEquals(Object.keys(SERVE_FLAGS).filter((flag) => !tested.has(flag)), []);
  assertEquals(parse(["--limit", "watchers=5", "--limit=endedTasks=0"])?.limits, {
    watchers: 5,
    endedTasks: 0,
  });
});

Deno.test("parseServe() accepts --advertise only with PostgreSQL, and on other machines only with a key", () => {
  const data = ["--data", "postgres://db/tasks"];
  for (const advertise of ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"]) {
    assertEquals(parse([...data, "--advertise", advertise])?.advertise, advertise);
  }
  const key = { TASKSCOPE_KEY: KEY };
  assertEquals(
    parse([...data, "--advertise", "https://10.0.0.5:8000"], key)?.advertise,
    "https://10.0.0.5:8000",
  );
  const wrong: [string[], string][] = [
    [["--node-ca", "deno.json"], "Cannot use the certificate of --node-ca: wanted PEM"],
    [["--node-ca", "none.pem"], "Cannot read the file named by --node-ca: "],
    [["--advertise", "http://127.0.0.1:8000"], "the nodes share a PostgreSQL database"],
    [[...data, "--advertise", "http://10.0.0.5:8000"], "nodes on several machines need a key"],
    [[...data, "--advertise", "10.0.0.5:8000"], 'Cannot advertise "10.0.0.5:8000"'],
    [[...data, "--advertise", "ftp://10.0.0.5"], "wanted the address of this node"],
    [[...data, "--advertise", "http://10.0.0.5:8000/monitor"], "without a path"],
    [[...data, "--advertise", "http://user:word@10.0.0.5:8000"], "without a path"],
  ];
  for (const [args, message] of wrong) assertThrows(() => parse(args), ConfigError, message);
});

Deno.test("parseServe() accepts several --notify flags, and reads their secret only from the environment", () => {
  const a = { url: "http://a/" };
  const b = { url: "http://b/", events: ["task.error" as const] };
  const both = { ...DEFAULTS, notify: [a, b] };
  assertEquals(parse(["--notify", "http://a/", "--notify", "http://b/,task.error"]), both);
  assertEquals(parse([], { TASKSCOPE_NOTIFY: "http://a/,http://b/,task.error" }), both);
  assertEquals(parse([], { TASKSCOPE_NOTIFY: "http://b/,task.error, http://a/" }), {
    ...both,
    notify: [b, a],
  });
  const notifySecret = "a secret, with a comma";
  assertEquals(parse([], { TASKSCOPE_NOTIFY_SECRET: notifySecret }), { ...DEFAULTS, notifySecret });
});

Deno.test("parseServe() accepts a non-loopback --host only with a key, and with TLS or --insecure-http", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, `${KEY}\r\nlines below the first are ignored\n`);
  const key = { TASKSCOPE_KEY: KEY };
  const exposed = { ...DEFAULTS, key: KEY, host: "10.1.2.3" };
  const tls = { cert: "c.pem", key: "k.pem" };
  const table: [string[], object][] = [
    [["--cert", "c.pem", "--tls-key", "k.pem"], { tls }],
    [["--public-url", "https://ci.example.org"], { publicUrls: ["https://ci.example.org"] }],
    [["--insecure-http"], { signIn: false }],
  ];
  for (const [args, expected] of table) {
    assertEquals(parse(["--host", "10.1.2.3", ...args], key), { ...exposed, ...expected });
    assertEquals(parse(["--host", "10.1.2.3", ...args, "--key-file", file]), { ...exposed, ...expected });
    const { message } = assertThrows(() => parse(["--host", "10.1.2.3", ...args]), ConfigError);
    assertStringIncludes(
      message,
      "--host 10.1.2.3 is reachable from other machines, so anyone could see and cancel every task",
    );
  }
  for (const host of ["0.0.0.0", "::"]) {
    const all = parse(["--host", host, "--insecure-http"], key);
    assertEquals([all?.allowAddressHosts, all?.signIn], [true, false]);
  }
  for (const args of [[], ["--public-url", "http://ci.example.org"]]) {
    const { message } = assertThrows(() => parse(["--host", "10.1.2.3", ...args], key), ConfigError);
    assertStringIncludes(message, "the key would be sent unencrypted: TLS is required");
  }
  assertEquals(parse([], key), { ...DEFAULTS, key: KEY });
  // A flag takes precedence over an environment variable.
  assertEquals(parse(["--key-file", file], { TASKSCOPE_KEY: "another-key-of-16" })?.key, KEY);
  await Deno.remove(file);
});

Deno.test("parseServe() explains an invalid key without revealing it", () => {
  const table: [string[], Record<string, string>, string][] = [
    [
      [],
      { TASKSCOPE_KEY: "tiny-secret" },
      "TASKSCOPE_KEY must be 16 to 1024 characters of ASCII without spaces",
    ],
    [
      [],
      { TASKSCOPE_KEY: "a secret with spaces" },
      "TASKSCOPE_KEY must be a key: printable ASCII without spaces",
    ],
    [["--key-file", "/no/such/file"], {}, "Cannot read the file named by --key-file: "],
    [[], { TASKSCOPE_KEY_FILE: "/no/such/file" }, "Cannot read the file named by TASKSCOPE_KEY_FILE: "],
    [["--cert", "c.pem"], {}, "TLS needs a certificate and its private key: --tls-key is missing"],
    [["--tls-key", "k.pem"], {}, "TLS needs a certificate and its private key: --cert is missing"],
    [["--trust-proxy", "10.0.0.0/8"], {}, 'Cannot trust proxy: wanted an IP address, received "10.0.0.0/8"'],
  ];
  for (const [args, variables, text] of table) {
    const { message } = assertThrows(() => parse(args, variables), ConfigError);
    assertStringIncludes(message, text);
    assertEquals(message.includes("secret"), false, message);
  }
});

Deno.test("parseServe() throws a one-line message for an invalid value", () => {
  const host = (text: string) => `--host must be an IP address or localhost, received "${text}"`;
  const port = (text: string) => `--port must be a number from 0 to 65535, received "${text}"`;
  const table: [string[], string][] = [
    [["--host=1.2.3"], host("1.2.3")],
    [["--host=1.2.3.256"], host("1.2.3.256")],
    [["--host=example.org"], host("example.org")],
    [["--host=127.0.0.1.example.org"], host("127.0.0.1.example.org")],
    [["--host=:::"], host(":::")],
    [["--port=65536"], port("65536")],
    [["--port=-1"], port("-1")],
    [["--port=80a"], port("80a")],
    [["--port=1e3"], port("1e3")],
    [["--data="], "--data needs a value"],
    [["--data=a.db", "--data=b.db"], "--data may be given only once"],
    [["--durability=extreme"], '--durability must be normal or full, received "extreme"'],
    [["--durability=FULL"], '--durability must be normal or full, received "FULL"; did you mean "full"?'],
    [["--base-path=monitor"], 'Cannot use base path: wanted a path such as "/monitor", received "monitor"'],
    [["--public-url=ci"], 'Cannot use public URL: wanted http(s)://host[:port][/path], received "ci"'],
    [["--allow-origin=*"], 'Cannot allow origin: wanted http(s)://host[:port], received "*"'],
    [["--notify=hook"], 'Invalid webhook URL: wanted https://host/path, received "hook"'],
    [
      ["--notify=http://h/,task.ended"],
      'Invalid webhook http://h: wanted events of task.finished, task.error, task.cancelled, received "task.ended"; ' +
      "write a comma in a URL as %2C",
    ],
    [
      ["--notify=http://a/", "--notify=http://b/", "--limit=notifyReceivers=1"],
      'Too many webhooks: received 2 URLs, at most 1 are allowed (limit "notifyReceivers")',
    ],
    [["--notify-secret=x"], "Unknown flag --notify-secret; --help lists the flags"],
    [["--limit=endedTasks"], '--limit must be <name>=<number>, received "endedTasks"'],
    [["--limit=endedTasks=-1"], '--limit must be <name>=<number>, received "endedTasks=-1"'],
    [["--limit=watchers=0"], 'Cannot set limit "watchers": wanted a whole number from 1, received 0'],
    [["--limit=tasks=5"], '--limit must name a limit, received "tasks"; serve --help lists them'],
    [["8000"], 'Unexpected argument "8000" after "serve"; --help shows its usage'],
    [["--keys"], "Unknown flag --keys; --help lists the flags"],
  ];
  for (const [args, message] of table) {
    assertEquals(assertThrows(() => parse(args), ConfigError).message, message);
  }
});

Deno.test("parseServe() throws if the channel name is too long", () => {
  const error = assertThrows(() => parse([`--channel=${"x".repeat(129)}`]), ConfigError);
  assertEquals(error.message, "Cannot use channel: wanted 1 to 128 characters, received 129");
});

Deno.test("parseServe() returns null if the command line asks for help, even if a value is invalid", () => {
  assertEquals([parse(["--help"]), parse(["-h"]), parse(["--help", "--port=x"])], [null, null, null]);
});

Deno.test("commandHelp(SERVE) lists every flag once under a heading, and names the variables of secrets", () => {
  const help = commandHelp(SERVE);
  const lines = help.split("\n");
  for (const flag of Object.keys(SERVE_FLAGS)) {
    assertEquals(lines.filter((line) => line.startsWith(`  --${flag} `)).length, 1, `--${flag}`);
  }
  assertEquals(lines.includes("Flags:"), false);
  for (const variable of ["TASKSCOPE_KEY", "TASKSCOPE_NOTIFY_SECRET"]) {
    assertStringIncludes(help, variable);
  }
});

Deno.test("loopbackHosts() lists the Host headers of a server on a loopback address", () => {
  assertEquals(loopbackHosts("127.0.0.1", 8000, false), ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"]);
  assertEquals(loopbackHosts("127.1.2.3", 8000, true).at(-1), "127.1.2.3:8000");
  assertEquals(loopbackHosts("::1", 5, false).length, 3);
  for (const [port, isTls] of [[80, false], [443, true]] as const) {
    assertEquals(loopbackHosts("localhost", port, isTls), [
      "127.0.0.1",
      `127.0.0.1:${port}`,
      "localhost",
      `localhost:${port}`,
      "[::1]",
      `[::1]:${port}`,
    ]);
  }
  assertEquals(loopbackHosts("10.0.0.5", 443, true).slice(-2), ["10.0.0.5", "10.0.0.5:443"]);
  for (const [port, isTls] of [[80, true], [443, false]] as const) {
    assertEquals(loopbackHosts("localhost", port, isTls).length, 3);
  }
});
