/**
 * Generates malformed requests and frames from the server's grammar and a seed.
 *
 * @module
 */

import { batchCase } from "./fuzz_batches.ts";
import type { FuzzCase } from "./fuzz_case.ts";
import { HANDSHAKE, socketFrame } from "./raw_http.ts";
import { randomNumbers } from "./simulated_wire.ts";

const encoder = new TextEncoder();

const WORDS = [
  ...["tasks", "ws", "t", "start", "cancel", "remove", "logs", "assets", "healthz", "c", "held", "echo"],
  ...[
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "..",
    ".",
    "%2e%2e",
    "%2f",
    "%00",
    "%",
    "%zz",
    "%ff",
  ],
  ...[
    "%C3%28",
    "",
    "a b",
    "a:b",
    "x".repeat(129),
    "x".repeat(20_000),
    "é",
    "\u{1f600}",
    "\\",
    "a?b",
    "a#b",
    "*",
    ";",
    "'",
  ],
];
const PATHS = [
  ...["/readyz", "/tasks/c/*/history", "/tasks/c/*/retry", "/tasks/c/*/restore", "/tasks/c?after=*"],
  ...[
    "/tasks/c/*/progress",
    "/tasks/c?since=*&until=*",
    "/names/*",
    "/names/c?*=*",
    "/badge/c/*",
    "/badge/c/*.svg?label=*",
  ],
  ...["/tasks/c/*/finish", "/tasks/c/*/fail", "/tasks/c/*/cancelled", "/tasks/c/*/logs?first=*&seq=*"],
  ...["/", "/healthz", "/tasks/c", "/tasks/*", "/tasks/c/*", "/tasks/c/*/logs", "/tasks/c/*/cancel"],
  ...[
    "/tasks/c/start/*",
    "/t/c",
    "/t/*",
    "/t/c/*",
    "/t/c/start/*",
    "/t/c/*/cancel",
    "/t/c/*/remove",
    "/assets/*",
  ],
  ...["/events/tasks/c", "/events/tasks/*", "/events/tasks/c/*", "/tasks/c/*?timeout=0.01&wait=*"],
];
const METHODS = [
  "GET",
  "POST",
  "DELETE",
  "HEAD",
  "PUT",
  "OPTIONS",
  "PATCH",
  "TRACE",
  "CONNECT",
  "get",
  "",
  "G\0T",
  "X".repeat(500),
];
const HOSTS = [
  ...["evil.example", "", " ", ":", "[", "[::1", "127.0.0.1/admin?q=", "localhost:", "a".repeat(3_000)],
  ...["\u00ff", "127.0.0.1:99999", "%31", "user@localhost"],
];
const HEADERS: readonly (readonly [string, readonly string[]])[] = [
  ["Origin", ["null", "", "https://evil.example", "http://127.0.0.1", "http://", "\u00ff"]],
  ["Access-Control-Request-Method", ["POST", "PATCH", "DELETE", "", "\u00ff"]],
  ["Sec-Fetch-Site", ["same-origin", "cross-site", "none", "", "x"]],
  ["Content-Type", [
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "",
    "a/b;;;=",
    "application/+json",
  ]],
  ["Content-Length", ["0", "-1", "1e3", "99999999999999999999", "x", "5, 5"]],
  ["Transfer-Encoding", ["chunked", "gzip", "chunked, chunked", "identity", ""]],
  ["Cookie", ["taskscope_client=..", "taskscope_client=" + "x".repeat(4_000), ";;;=;", "\u00ff"]],
  ["Expect", ["100-continue", "x"]],
  ["Connection", ["close", "upgrade", "keep-alive", ""]],
  ["Upgrade", ["websocket", "h2c", "WebSocket, x", ""]],
  ["Sec-WebSocket-Version", ["13", "8", "", "x"]],
  ["Sec-WebSocket-Key", ["dGhlIHNhbXBsZSBub25jZQ==", "short", "", "=".repeat(24)]],
  ["Sec-WebSocket-Protocol", ["a,b", ",", "", "a, b"]],
  ["Sec-WebSocket-Extensions", ["permessage-deflate", "x;y=z,,"]],
  ["X-Filler", ["x".repeat(70_000), "x".repeat(1_000)]],
  ["Range", ["bytes=0-", "bytes=9-1"]],
  ["Last-Event-ID", ["", "x", "a:1", "a:99999999999999999999", "\u00ff", "a:".repeat(2_000)]],
];
const QUERIES = [
  ...[
    "state=ERROR",
    "state=%00",
    "name=" + "*a".repeat(60),
    "limit=-1",
    "limit=1e9",
    "page=0",
    "sort=-__proto__",
  ],
  ...[
    "__proto__=1",
    "force=true",
    "after=x:1",
    "after=:",
    "mode=delta",
    "mode=delta&after=a:999999999999999",
  ],
  ...["q=%ff", "&&&&==", "?", "tag=" + ",".repeat(500), "page=9007199254740993", "constructor=1", "after=-1"],
];
const IDS = [
  "__proto__",
  "constructor",
  "start",
  "",
  "..",
  "a/b",
  "\u0000",
  "x".repeat(129),
  7,
  null,
  {},
  [],
  "fine",
];

/** Fields of report bodies, with valid values. */
const FIELDS: readonly (readonly [part: string, fields: Readonly<Record<string, unknown>>])[] = [
  ["", {
    id: "a",
    name: "task",
    tags: ["a"],
    weight: 2,
    stale_after: 5,
    started: true,
    progress: 5,
    total: 9,
  }],
  ["/a", { progress: 50, status: "s", message: "m", current: 3, total: 9, unit: "B", seq: 4 }],
  ["/a/finish", { result: { n: 1 }, status: "s", seq: 1_000 }],
  ["/a/fail", { message: "m", seq: 1_000 }],
  ["/a/cancelled", { status: "s" }],
  ["/a/logs", { lines: ["a", "b"], first: 3, seq: 5 }],
];
const VALUES = [
  ...[0, 1, -1, 50, 1e308, 2 ** 53, true, null, "", "a", "5", "null", "\ud800", "\u0000", "x".repeat(1_001)],
  ...[[], ["a", "b"], [{ at: 1, text: "a" }], [[]], {}, { message: "m" }, { message: "m", type: "T" }],
  { a: { b: [null] } },
];

/** Generates malformed requests; the same seed yields the same requests. */
export class Fuzzer {
  readonly #random: () => number;
  readonly #port: number;

  /**
   * @param seed the seed of the random numbers
   * @param port the server's port, for a valid `Host`
   */
  constructor(seed: number, port: number) {
    this.#random = randomNumbers(seed);
    this.#port = port;
  }

  /** Returns the next malformed request. */
  next(): FuzzCase {
    if (this.#chance(0.1)) return batchCase(this.#random, this.#host());
    const kind = this.#random();
    if (kind < 0.06) return this.#socket();
    if (kind < 0.12) return this.#noise();
    const whole = kind < 0.24 ? this.#start() : kind < 0.44 ? this.#report() : this.#request();
    if (this.#random() > 0.1) return whole;
    const length = Math.floor(this.#random() * whole.bytes.length);
    return { ...whole, bytes: whole.bytes.slice(0, length), isWhole: false };
  }

  #pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.#random() * values.length)]!;
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #host(): string {
    return this.#chance(0.8) ? `127.0.0.1:${this.#port}` : this.#pick(HOSTS);
  }

  /** Returns a path of the server with random words in it, or a random path. */
  #path(): string {
    const good = this.#pick(PATHS).replace("*", () => this.#pick(["fine", ...WORDS]));
    if (this.#chance(0.5)) return this.#chance(0.5) ? good : `${good}?${this.#pick(QUERIES)}`;
    const length = 1 + Math.floor(this.#random() * 5);
    const root = this.#chance(0.7) ? [this.#pick(["tasks", "ws/tasks", "events/tasks", "t"]), "c"] : [];
    const path = "/" + [...root, ...Array.from({ length }, () => this.#pick(WORDS))].join("/");
    return this.#chance(0.3) ? `${path}?${this.#pick(QUERIES)}&${this.#pick(QUERIES)}` : path;
  }

  /** Returns a request with random headers and a random body. */
  #request(): FuzzCase {
    const method = this.#chance(0.7) ? this.#pick(["GET", "POST", "DELETE"]) : this.#pick(METHODS);
    const lines = [
      `${method} ${this.#path()} ${this.#pick(["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/9", ""])}`,
    ];
    if (this.#chance(0.95)) lines.push(`Host: ${this.#host()}`);
    for (let count = Math.floor(this.#random() * 4); count > 0; count--) {
      const [name, values] = this.#pick(HEADERS);
      lines.push(`${name}: ${this.#pick(values)}`);
    }
    if (this.#chance(0.01)) { for (let n = 0; n < 200; n++) lines.push(`X-${n}: ${n}`); }
    if (this.#chance(0.02)) lines.push(this.#pick([": x", "no colon", " folded", "A\0B: c", "A B: c"]));
    const body = this.#chance(0.5) ? this.#body() : "";
    const declares = lines.some((line) => /^(content-length|transfer-encoding)/i.test(line));
    if (!declares) lines.push(`Content-Length: ${encoder.encode(body).length}`);
    const bytes = encoder.encode(`${lines.join("\r\n")}\r\n\r\n${body}`);
    return { bytes, frames: [], isWhole: !declares };
  }

  /** Returns a request to start a task; only the body of the request is malformed. */
  #start(): FuzzCase {
    const isForm = this.#chance(0.3);
    const body = encoder.encode(this.#body());
    const type = isForm ? "application/x-www-form-urlencoded" : "application/json";
    const name = this.#pick(["held", "echo", "fails", "__proto__", "a%2Fb", "%ff"]);
    const head = `POST /${isForm ? "t" : "tasks"}/c/start/${name} HTTP/1.1\r\nHost: ${this.#host()}\r\n` +
      `Content-Type: ${type}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
    return { bytes: joined(encoder.encode(head), body), frames: [], isWhole: true };
  }

  /** Returns a request that reports a task; only the body of the request may be malformed. */
  #report(): FuzzCase {
    const [part, known] = this.#pick(FIELDS);
    const fields = Object.entries(known).filter(() => this.#chance(0.4))
      .map(([name, value]) => [name, this.#chance(0.8) ? value : this.#pick(VALUES)] as const);
    if (this.#chance(0.1)) fields.push([this.#pick([...WORDS, "metadata", "x"]), this.#pick(VALUES)]);
    const isForm = this.#chance(0.4);
    const text = this.#chance(0.1) ? this.#body() : isForm ? formOf(fields) : jsonOf(fields);
    const body = encoder.encode(text);
    const type = this.#chance(0.1) ? "text/plain" : isForm ? FORM : "application/json";
    const method = part === "/a"
      ? this.#pick(["PATCH", "PATCH", "POST", "POST", "DELETE"])
      : this.#pick(["POST", "POST", "POST", "OPTIONS"]);
    const id = this.#pick(["a", "a", "unknown", "__proto__", "held"]);
    const head = `${method} /tasks/r${part.replace("a", id)} HTTP/1.1\r\nHost: ${this.#host()}\r\n` +
      `Content-Type: ${type}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n` +
      `Access-Control-Request-Method: ${this.#pick(["POST", "PATCH", "DELETE"])}\r\n\r\n`;
    return { bytes: joined(encoder.encode(head), body), frames: [], isWhole: true };
  }

  #body(): string {
    const depth = this.#pick([10, 1_000, 50_000]);
    const make = this.#pick<() => string>([
      () => JSON.stringify({ args: [this.#pick(IDS)], id: this.#pick(IDS) }),
      () => `{"__proto__":{"args":[1]},"args":[{"__proto__":{"polluted":true}}]}`,
      () => `{"args":[${"[".repeat(depth)}${"]".repeat(depth)}]}`,
      () => `{"args":[${'{"a":'.repeat(depth)}1${"}".repeat(depth)}]}`,
      () => `{"metadata":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`,
      () => "[".repeat(depth),
      () => `{"args":[1e999,-0,"\\ud800","\\u0000"],"tags":["${"x".repeat(64)}"]}`,
      () => JSON.stringify({ tags: Array(40).fill("x"), metadata: { [this.#pick(WORDS)]: 1 } }),
      () => `args=${encodeURIComponent("[".repeat(depth))}`,
      () => `args=%5B1%5D&arg.__proto__=1&args=%ff&${"a=b&".repeat(1_000)}`,
      () => "\ufeff{}",
      () => "x".repeat(this.#pick([0, 1, 70_000])),
    ]);
    return make();
  }

  /** Returns a WebSocket handshake, valid or invalid, and invalid frames to send after it. */
  #socket(): FuzzCase {
    const headers = HANDSHAKE.filter(() => this.#chance(0.95));
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const path = this.#chance(0.8) ? `/ws/tasks/c?${this.#pick(["", ...QUERIES])}` : this.#path();
    const bytes = encoder.encode(`GET ${path} HTTP/1.1\r\nHost: ${this.#host()}\r\n${lines}\r\n`);
    const frames = Array.from({ length: 3 }, () => this.#frame());
    return { bytes, frames, isWhole: headers.length === HANDSHAKE.length };
  }

  #frame(): Uint8Array<ArrayBuffer> {
    if (this.#chance(0.3)) return this.#bytes(50);
    const payload = this.#bytes(this.#pick([0, 1, 125, 126, 1_024, 1_025, 70_000]));
    const frame = socketFrame(Math.floor(this.#random() * 16), payload, this.#chance(0.8));
    if (this.#chance(0.2)) frame[0]! |= 0x70;
    return this.#chance(0.2) ? frame.slice(0, Math.floor(this.#random() * frame.length)) : frame;
  }

  /** Returns bytes that are not HTTP. */
  #noise(): FuzzCase {
    const bytes = this.#bytes(1 + Math.floor(this.#random() * 300));
    return { bytes, frames: [], isWhole: false };
  }

  #bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => Math.floor(this.#random() * 256));
  }
}

const FORM = "application/x-www-form-urlencoded";

/** Writes the JSON text directly, because an object literal treats names such as `__proto__` specially. */
function jsonOf(fields: readonly (readonly [string, unknown])[]): string {
  return `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`;
}

function formOf(fields: readonly (readonly [string, unknown])[]): string {
  const texts = fields.map((
    [name, value],
  ) => [name, typeof value === "object" ? JSON.stringify(value) : value]);
  return new URLSearchParams(texts.map(([name, text]) => [String(name), String(text)])).toString();
}

function joined(head: Uint8Array, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}
