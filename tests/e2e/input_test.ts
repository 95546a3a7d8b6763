/**
 * Tests of input that was expensive or crashed a request, in variants. The statuses show that the server refuses or
 * accepts the input; `tests/linear_test.ts` measures its time.
 */

import { assert, assertEquals, assertNotMatch, assertStringIncludes } from "../support/assert.ts";
import { assertProblem, call } from "../support/calls.ts";
import { rawCall } from "../support/raw_http.ts";
import { startServer } from "../support/server.ts";

const KEY = "a-key-for-this-very-test-0123456789";
const JSON_TYPE = { "content-type": "application/json" };
const FORM_TYPE = { "content-type": "application/x-www-form-urlencoded" };

Deno.test("input: JSON with endless strings and brackets gets 400", async () => {
  await using server = startServer();
  const { url } = server;
  await call("POST", `${url}/tasks/c`, { body: { id: "t" } });
  const paths = ["/tasks/c", "/tasks/c/t/finish", "/report?reporter=reporter-1", "/tasks/c/start/x"];
  const bodies = [
    '"' + '\\"'.repeat(200_000),
    '"'.repeat(200_000),
    "[".repeat(200_000),
    '["' + "\\".repeat(200_001),
  ];
  for (const path of paths) {
    for (const body of bodies) {
      assertProblem(await call("POST", url + path, { headers: JSON_TYPE, body }), 400, "bad_json");
    }
  }
  for (
    const result of ['"' + '\\"'.repeat(30_000), '"'.repeat(30_000), "[".repeat(60_000) + "]".repeat(60_000)]
  ) {
    const body = `result=${encodeURIComponent(result)}`;
    const answer = await call("POST", `${url}/tasks/c/t/finish`, { headers: FORM_TYPE, body });
    assert(answer.status === 200 || answer.status === 400, `${answer.status}`);
  }
  assertEquals(server.errors, []);
});

Deno.test("input: forms with too many fields or endless numbers get 400", async () => {
  await using server = startServer();
  const { url } = server;
  await call("POST", `${url}/tasks/c`, { body: { id: "t" } });
  const many = Array.from({ length: 50_000 }, (_, index) => `a${index}`).join("&");
  for (
    const body of [
      many,
      "a&".repeat(300_000),
      "lines=a&".repeat(100_000),
      `metadata.${many.replaceAll("&", "&metadata.")}`,
    ]
  ) {
    for (const path of ["/tasks/c", "/tasks/c/t", "/tasks/c/t/logs"]) {
      assertProblem(await call("POST", url + path, { headers: FORM_TYPE, body }), 400, "too_many");
    }
    assertEquals((await call("POST", `${url}/t/c?do=remove`, { headers: FORM_TYPE, body })).status, 400);
  }
  for (
    const number of ["1".repeat(900_000) + "x", `1.${"1".repeat(900_000)}x`, `1e${"1".repeat(900_000)}x`]
  ) {
    for (const field of ["progress", "current", "seq"]) {
      const answer = await call("POST", `${url}/tasks/c/t`, {
        headers: FORM_TYPE,
        body: `${field}=${number}`,
      });
      assertProblem(answer, 400, "bad_body");
    }
  }
  assertEquals(server.errors, []);
});

Deno.test("input: query strings with too many parameters or values get 400", async () => {
  await using server = startServer();
  const { url } = server;
  await call("POST", `${url}/tasks/c`, { body: { id: "t" } });
  const paths = [
    "/tasks/c",
    "/names/c",
    "/tasks/c/t",
    "/tasks/c/t/logs",
    "/t/c",
    "/badge/c/t.svg",
    "/events/tasks/c",
  ];
  for (
    const query of [
      "a&".repeat(30_000),
      "after&wait&".repeat(5_000),
      `wait=x&after=x${"&tag=x".repeat(9_000)}`,
    ]
  ) {
    for (const path of paths) {
      const answer = await call("GET", `${url}${path}?${query}`, { headers: { accept: "application/json" } });
      assertProblem(answer, 400, "too_many");
    }
  }
  const states = Array.from({ length: 200 }, (_, index) => `tag=${index}`).join("&");
  assertProblem(await call("GET", `${url}/tasks/c?${states}`), 400, "bad_filter");
  for (const query of [states, "state=" + "x,".repeat(30_000), "tag=" + "x,".repeat(30_000)]) {
    assertEquals((await call("GET", `${url}/t/c?${query}`)).status, 200);
  }
  assertEquals(server.errors, []);
});

Deno.test("input: a form with deeply nested arguments starts no task", async () => {
  await using server = startServer({ tasks: { echo: (_task: unknown, ...args: unknown[]) => args } });
  const { url } = server;
  const deep = [
    "[".repeat(60_000) + "]".repeat(60_000),
    '[{"a":'.repeat(20_000) + "1" + "}]".repeat(20_000),
    "[[".repeat(40) + "]]".repeat(40),
  ];
  for (const args of deep) {
    const body = `args=${encodeURIComponent(args)}`;
    const answer = await call("POST", `${url}/t/c/start/echo`, {
      headers: { ...FORM_TYPE, accept: "application/json" },
      body,
    });
    assertProblem(answer, 400, "bad_field");
  }
  assertEquals(server.monitor.registry.tasks("c"), []);
});

Deno.test("input: a path with many slashes gets a redirect or 404", async () => {
  await using server = startServer();
  const slashes = "/".repeat(60_000);
  for (
    const path of [
      `/t/a${slashes}x/`,
      `/t/a${slashes}`,
      `/stats/a/${slashes}`,
      `/tasks${slashes}`,
      slashes,
      `/a${"/%2f".repeat(15_000)}`,
    ]
  ) {
    const { status } = await call("GET", server.url + path);
    assert([303, 400, 404].includes(status), `${path.slice(0, 20)}: ${status}`);
  }
});

Deno.test("input: headers that are too long to be parsed get 431", async () => {
  await using server = startServer({ key: KEY, trustedProxies: ["127.0.0.1"] });
  const { url, port } = server;
  const authorization = `Bearer ${KEY}`;
  await call("POST", `${url}/tasks/c`, { headers: { authorization }, body: { id: "t" } });
  const table: [path: string, header: string, value: string][] = [
    ["/badge/c/t.svg", "If-None-Match", `"a"${" ".repeat(60_000)}"b"`],
    ["/badge/c/t.svg", "If-None-Match", " , ".repeat(20_000)],
    ["/openapi.json", "If-None-Match", '"a",'.repeat(15_000)],
    ["/monitored.js", "If-None-Match", `W/${"W/".repeat(30_000)}`],
    ["/tasks/c", "Accept", `text/plain${",a/b".repeat(15_000)}`],
    ["/tasks/c/t", "Accept", `text/plain${" ".repeat(60_000)}x`],
    ["/tasks/c/t/logs", "Accept", `text/plain${";a".repeat(30_000)}`],
    ["/events/tasks/c", "Last-Event-ID", "a:".repeat(30_000)],
    ["/ws/tasks/c", "Sec-WebSocket-Protocol", ",".repeat(60_000)],
    ["/tasks/c?format=text", "Accept", `text/html,text/plain${",a/b".repeat(15_000)}`],
    ["/tasks/c", "X-Forwarded-For", " ,".repeat(30_000)],
    ["/tasks/c", "X-Forwarded-For", "9.9.9.9,".repeat(8_000)],
    ["/tasks/c", "X-Forwarded-For", ":".repeat(60_000)],
  ];
  const own = [["Host", `127.0.0.1:${port}`], ["Connection", "close"], [
    "Authorization",
    authorization,
  ]] as const;
  const handshake = [["Upgrade", "websocket"], ["Sec-WebSocket-Version", "13"], [
    "Sec-WebSocket-Key",
    "dGhlIHNhbXBsZSBub25jZQ==",
  ]] as const;
  for (const [path, header, value] of table) {
    const more = path.startsWith("/ws/") ? handshake : [];
    const answer = await rawCall(port, "GET", path, [...own, ...more, [header, value]]);
    assertProblem(answer, 431, "header_too_large");
  }
  const bearer = await rawCall(port, "GET", "/tasks/c", [...own.slice(0, 2), [
    "Authorization",
    `Bearer ${"a".repeat(50_000)}`,
  ]]);
  assertProblem(bearer, 431, "header_too_large");
  assertEquals(server.errors, []);
});

Deno.test("input: malformed cookies neither fail a request nor hide other cookies", async () => {
  await using server = startServer({ key: KEY });
  const { url } = server;
  const signIn = await call("POST", `${url}/sign-in`, { headers: FORM_TYPE, body: `key=${KEY}` });
  const session = signIn.headers.get("set-cookie")!.split(";")[0]!;
  for (
    const cookie of ["a=b;", "=x", "a=b;;c=d", ";", "=", "a", "__proto__=1", ";=;=;", "a=b;".repeat(10_000)]
  ) {
    assertEquals(
      (await call("GET", `${url}/tasks/c`, { headers: { cookie } })).status,
      401,
      cookie.slice(0, 20),
    );
    for (const both of [`${cookie};${session}`, `${session};${cookie}`]) {
      assertEquals(
        (await call("GET", `${url}/tasks/c`, { headers: { cookie: both } })).status,
        200,
        cookie.slice(0, 20),
      );
    }
  }
  assertEquals(server.errors, []);
});

Deno.test("input: wrong keys are counted by address, whatever port, zone or brackets a proxy adds", async () => {
  for (
    const hop of [
      (n: number) => `9.9.9.9:${1_000 + n}`,
      (n: number) => `[2001:db8::${n}]:${1_000 + n}`,
      (n: number) => `2001:db8::1%eth${n}`,
      (n: number) => ["9.9.9.9", "::ffff:9.9.9.9", '"9.9.9.9:5"', "[::ffff:909:909]:6"][n % 4]!,
    ]
  ) {
    await using server = startServer({ key: KEY, trustedProxies: ["127.0.0.1"] });
    const guess = async (n: number) => {
      const headers = { authorization: `Bearer wrong-wrong-wrong-${n}`, "x-forwarded-for": hop(n) };
      const response = await server.monitor.fetch(
        new Request(`${server.url}/tasks/c`, { headers: { ...headers, host: `127.0.0.1:${server.port}` } }),
        { remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 } } as Deno.ServeHandlerInfo,
      );
      return response.status;
    };
    const statuses: number[] = [];
    for (let n = 0; n < 14; n++) statuses.push(await guess(n));
    assertEquals(statuses, [...Array(10).fill(401), ...Array(4).fill(429)], hop(1));
  }
});

Deno.test("input: lone surrogates are replaced, whatever transport they come over", async () => {
  await using server = startServer();
  const { url, monitor } = server;
  const half = "\ud800";
  const json = (id: string) =>
    JSON.stringify({ id, name: half, tags: [`a${half}`], metadata: { [half]: [half] } });
  assertEquals(
    (await call("POST", `${url}/tasks/c`, { headers: JSON_TYPE, body: json("rest") })).status,
    201,
  );
  assertEquals(
    (await call("POST", `${url}/tasks/c`, { headers: JSON_TYPE, body: json("rest") })).status,
    200,
    "the same name",
  );
  const change = { type: "create", name: half, tags: [`a${half}`], metadata: { [half]: [half] } };
  const reports = [{ client: "c", id: "batch", at: 1, change }];
  await call("POST", `${url}/report?reporter=reporter-1`, { body: { batch: 1, reports } });
  const local = monitor.monitored((task) => {
    task.log(`line ${half}`);
    task.update({ status: half });
    return { [half]: half };
  }, { client: "c", id: "local", name: half, tags: [`a${half}`], metadata: { [half]: [half] } });
  await local();
  await call("POST", `${url}/tasks/c`, { headers: FORM_TYPE, body: "id=form&name=%ED%A0%80" });
  await call("POST", `${url}/tasks/c/form/finish`, {
    headers: FORM_TYPE,
    body: `result=${encodeURIComponent('"\\ud800"')}`,
  });
  await call("POST", `${url}/tasks/c/rest/logs`, { headers: JSON_TYPE, body: '{"lines":["\\ud800"]}' });
  await call("POST", `${url}/tasks/c/rest/fail`, {
    headers: JSON_TYPE,
    body: '{"error":{"message":"\\udc00","stack":"\\udc00"}}',
  });
  for (const path of ["/tasks/c", "/tasks/c/rest/logs", "/tasks/c/local/logs", "/tasks/c/local/history"]) {
    assertNotMatch((await call("GET", url + path)).text, /\\ud[89a-f]/i, path);
  }
  for (const id of ["rest", "batch", "local"]) {
    const { name, tags, metadata } = monitor.registry.task("c", id)!;
    assertEquals([name, tags, metadata], ["\ufffd", ["a\ufffd"], { "\ufffd": ["\ufffd"] }], id);
    assertEquals((await call("GET", `${url}/t/c/${id}`)).status, 200, id);
  }
  for (
    const path of [
      "/stats/c",
      "/stats/c/%EF%BF%BD",
      "/t/c",
      "/t/c?group=name",
      "/badge/c/rest.svg",
      "/names/c",
    ]
  ) {
    assertEquals((await call("GET", url + path)).status, 200, path);
  }
  assertEquals(server.errors, []);
});

Deno.test("input: the text of a log has one line for each log line, and no terminal control characters", async () => {
  await using server = startServer();
  const { url } = server;
  await call("POST", `${url}/tasks/c`, {
    body: { id: "t", name: "a\x1b]0;title\x07b\r\u009b2Jc", status: "\u009d0;x\u009cd\ne" },
  });
  const lines = [
    "a\x1b]0;title\x07b",
    "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;YQ==\x07copied",
    "\u009b31mred\u009b0m \x1b[1mbold",
    "12 %\r\n2026-01-01T00:00:00.000Z forged",
    "one\rtwo\u0085three\u2028four\vfive",
    "\x1b]0;never ends \u009d \x08\0",
    "\tkept  as it is",
    "\u202eevil\u2066",
  ];
  await call("POST", `${url}/tasks/c/t/logs`, { body: { lines } });
  const answers = [
    await call("GET", `${url}/tasks/c/t/logs?format=text`),
    await call("GET", `${url}/tasks/c/t/logs`, { headers: { accept: "text/plain" } }),
  ];
  for (const { text } of answers) {
    const rows = text.split("\n");
    assertEquals(rows.pop(), "");
    assertEquals(rows.map((row) => row.slice("2026-01-01T00:00:00.000Z ".length)), [
      "ab",
      "link",
      "copied",
      "red bold",
      "12 % 2026-01-01T00:00:00.000Z forged",
      "one two three four five",
      "\ufffd]0;never ends \ufffd \ufffd\ufffd",
      "\tkept  as it is",
      "evil",
    ]);
  }
  for (const path of ["/tasks/c", "/tasks/c/t", "/tasks/c/t?wait=ended&timeout=0"]) {
    const { text } = await call("GET", url + path, { headers: { accept: "text/plain" } });
    // deno-lint-ignore no-control-regex -- matches control characters on purpose
    assertNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]/, path);
    assertStringIncludes(text, "ab c");
    assertStringIncludes(text, "d e");
    assertEquals(text.split("\n").length, 2, path);
  }
});

Deno.test("input: a log with too many lines and a batch with too many reports get 400", async () => {
  await using server = startServer();
  const { url } = server;
  await call("POST", `${url}/tasks/c`, { body: { id: "t" } });
  const text = { "content-type": "text/plain" };
  for (const body of ["\n".repeat(1_000_000), "\r\n".repeat(500_000), "a\n".repeat(50_001)]) {
    assertProblem(await call("POST", `${url}/tasks/c/t/logs`, { headers: text, body }), 400, "too_many");
  }
  const most = await call("POST", `${url}/tasks/c/t/logs`, { headers: text, body: "\n".repeat(50_000) });
  assertEquals([most.status, most.json.log_count], [200, 50_000]);
  for (const report of ["{}", "1", '{"client":"c","id":"t"}']) {
    const body = `{"batch":1,"reports":[${Array(10_000).fill(report).join()}]}`;
    assertProblem(
      await call("POST", `${url}/report?reporter=reporter-1`, { headers: JSON_TYPE, body }),
      400,
      "bad_request",
    );
  }
  for (const tags of ["1", '""', "[]"]) {
    const body = `{"tags":[${Array(100_000).fill(tags).join()}]}`;
    assertProblem(await call("POST", `${url}/tasks/c`, { headers: JSON_TYPE, body }), 400, "bad_body");
    assertProblem(
      await call("POST", `${url}/tasks/c/start/x`, { headers: JSON_TYPE, body }),
      400,
      "bad_body",
    );
  }
  assertEquals(server.errors, []);
});
