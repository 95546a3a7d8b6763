/**
 * Generates requests to every route: mostly well-formed ones with some parts mutated, so that they reach far into the
 * server.
 *
 * @module
 */

import { ROUTES } from "../../lib/http/routes.ts";
import type { FuzzCase } from "./fuzz_case.ts";
import { HANDSHAKE, socketFrame } from "./raw_http.ts";
import { randomNumbers } from "./simulated_wire.ts";

const encoder = new TextEncoder();

/** The route that a request is for, and the request. */
export interface RouteCase extends FuzzCase {
  /** The method and the path of the route, such as `GET /tasks/{client}`. */
  readonly route: string;
}

/** The tasks, keys and cookies of the server that requests refer to. */
export interface RouteFuzzerOptions {
  readonly seed: number;
  readonly port: number;
  /** The ids of tasks of the client `c`. */
  readonly ids: readonly string[];
  /** The key and tokens of the server; empty if it has no key. */
  readonly keys: readonly string[];
  /** Cookies of browsers that are signed in or have opened a shared link. */
  readonly cookies: readonly string[];
}

const NASTY = [
  ...[
    "",
    " ",
    "\t",
    "a b",
    "..",
    "%",
    "%2f",
    "%00",
    "%ED%A0%80",
    "%C3%28",
    "__proto__",
    "constructor",
    "\u00ff",
    "é",
    "😀",
  ],
  ...[
    "null",
    "true",
    "-1",
    "0",
    "1e309",
    "9007199254740993",
    "1.1.1",
    "NaN",
    "[]",
    "{}",
    '"',
    "'",
    "<b>",
    ";",
    ",",
    "=",
    "&",
  ],
  ...[
    "x".repeat(129),
    "\\ud800",
    "\ud800",
    "\u0000",
    "\r",
    "\x1b]0;t\x07",
    "\u009d",
    "W/",
    "*",
    "q=0",
    "bytes=0-",
    "a:1",
  ],
];
/** Text to repeat: parts of which a parser might look at all that follows, again and again. */
const REPEATED = [
  ...[
    " ",
    "\t",
    ",",
    ", ",
    " ,",
    ";",
    "=",
    "&",
    "a&",
    "a=b&",
    "/",
    "//",
    ":",
    ".",
    "1",
    "-",
    "+",
    "*",
    "*a",
    '"',
    '\\"',
    "\\",
    "[",
    "]",
  ],
  ...[
    "{",
    '{"a":',
    "[]",
    "{},",
    '"",',
    "%",
    "%22",
    "\n",
    "\r\n",
    "\\n",
    "\x1b]",
    "\u009d",
    "\\u009d",
    "\\ud800",
    "a",
    "W/",
    '"a",',
    "a/b,",
  ],
];
const QUERY: Readonly<Record<string, readonly string[]>> = {
  q: ["a", "log"],
  state: ["ERROR", "FINISHED,ERROR", "processing"],
  name: ["task", "*a*", "*"],
  tag: ["a", "a,b"],
  since: ["1h", "2026-11-24T14:00:00Z", "2026-11-24T14:00:00 01:00", "1700000000"],
  until: ["0s", "2026-02-30"],
  sort: ["name", "-created_at", "progress"],
  limit: ["1", "1000", "10001"],
  page: ["1", "2", "1000000"],
  after: ["a:1", "", "0", "5"],
  before: ["3", "0"],
  wait: ["ended", "FINISHED", "PROCESSING,ERROR"],
  timeout: ["0", "0.01"],
  format: ["text", "json"],
  mode: ["delta", "full"],
  force: ["true", "false"],
  label: ["a", "<&>"],
  do: ["cancel", "remove", "restore", "retry"],
  from: ["task", "0", "5"],
  group: ["name"],
  view: ["all", "split"],
  first: ["0", "1", "99"],
  seq: ["1", "5"],
  to: ["/t/c", "//evil", "/\\evil"],
  reporter: ["reporter-1", "reporter-2"],
};
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  "Accept": [
    "*/*",
    "text/plain",
    "application/json",
    "text/html",
    "text/plain;q=0.5, application/json;q=0.4",
    "text/*",
  ],
  "Accept-Encoding": ["gzip", "br, gzip;q=0.5", "identity;q=0", "*"],
  "Accept-Language": ["en", "de;q=0.5"],
  "Authorization": ["Basic YTpi", "Bearer x", "bearer  a-wrong-key-0123456789"],
  "Cookie": ["a=b", "a=b; c=d", "__Host-taskscope=x; __Host-taskscope-share=y"],
  "If-None-Match": ['"a"', 'W/"a", "b"', "*"],
  "Last-Event-ID": ["a:1", "x"],
  "Range": ["bytes=0-1", "bytes=-5,1-2"],
  "Origin": ["null", "https://evil.example", "https://allowed.example"],
  "Sec-Fetch-Site": ["same-origin", "cross-site", "none"],
  "Access-Control-Request-Method": ["POST", "PATCH"],
  "X-Forwarded-For": ["9.9.9.9:1", "[2001:db8::1]:80, 127.0.0.1", "1.1.1.1%eth0"],
  "Sec-WebSocket-Protocol": ["taskscope", "taskscope, taskscope.bearer.eA"],
  "Content-Type": [
    "text/plain; charset=utf-8",
    "application/problem+json",
    "multipart/form-data; boundary=a",
  ],
  "Expect": ["100-continue"],
  "Content-Encoding": ["gzip"],
};
const LINE = { at: 1, text: "a \x1b[31mline" };
const TEXT_FIELDS = { status: "s", message: "m", seq: 9 };
/** Fields of JSON bodies and forms, by the last literal segment of the route's path. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  tasks: {
    id: "new",
    name: "task",
    tags: ["a", "b"],
    metadata: { a: 1, b: { c: [null] } },
    parent_id: "run",
    weight: 2,
    stale_after: 5,
    started: true,
    progress: 5,
    current: 1,
    total: 9,
    unit: "B",
    ...TEXT_FIELDS,
  },
  update: {
    progress: 50,
    current: 3,
    total: 9,
    unit: "files",
    metadata: { a: null, b: 2 },
    values: { loss: 0.5 },
    ...TEXT_FIELDS,
  },
  logs: { lines: ["a", LINE], first: 0, seq: 9 },
  finish: { result: { n: [1, "x"] }, ...TEXT_FIELDS },
  fail: { message: "m", error: { message: "m", type: "T", stack: "s" }, status: "s", seq: 9 },
  cancelled: TEXT_FIELDS,
  start: { args: [1, { a: "b" }], id: "started", tags: ["a"], metadata: { a: 1 } },
  tokens: { may: "read", client: "c", task_id: "run", expires_in: 60 },
  t: { id: "ended" },
  share: { seconds: "3600" },
  "sign-in": { key: "a-wrong-key-0123456789", to: "/t/c" },
};
const CHANGES: readonly unknown[] = [
  { type: "create", name: "task", metadata: { a: 1 }, tags: ["a"], parent_id: "run" },
  { type: "start" },
  { type: "update", progress: 50, status: "s", metadata: { a: "b" }, values: { loss: [[1, 2]] } },
  { type: "log", first: 0, lines: [LINE, LINE] },
  { type: "finish", result: [1, { a: 2 }] },
  { type: "fail", error: { message: "m", type: "T" } },
];

/** Generates requests; the same options yield the same requests. */
export class RouteFuzzer {
  readonly #random: () => number;
  readonly #options: RouteFuzzerOptions;
  #count = 0;

  /** @param options the seed, and what the server has */
  constructor(options: RouteFuzzerOptions) {
    this.#random = randomNumbers(options.seed);
    this.#options = options;
  }

  /** Returns the next request. The routes take turns. */
  next(): RouteCase {
    const { method, path, isSocket = false } = ROUTES[this.#count++ % ROUTES.length]!;
    const body = method === "GET" || method === "DELETE" ? null : this.#body(path);
    const target = this.#path(path) + this.#query(path);
    const verb = this.#chance(0.05) ? this.#pick(["HEAD", "OPTIONS", "POST", "DELETE", "PUT"]) : method;
    const lines = [`${verb} ${target} HTTP/1.1`, `Host: 127.0.0.1:${this.#options.port}`];
    if (isSocket) {
      for (const [name, value] of HANDSHAKE) lines.push(`${name}: ${this.#mutated(value, 0.03)}`);
    } else lines.push("Connection: close");
    if (this.#options.keys.length > 0 && this.#chance(0.8)) lines.push(this.#credentials());
    if (body !== null && this.#chance(0.97)) lines.push(`Content-Type: ${this.#mutated(body.type, 0.03)}`);
    for (let count = Math.floor(this.#random() * 4); count > 0; count--) {
      const name = this.#pick(Object.keys(HEADERS));
      const value = this.#mutated(this.#pick(HEADERS[name]!), 0.4, 60_000);
      // deno-lint-ignore no-control-regex -- Deno refuses these characters in headers
      lines.push(`${name}: ${value.replace(/[\x00-\x08\x0a-\x1f\x7f]/g, " ")}`);
    }
    const bytes = encoder.encode(body?.text ?? "");
    if (body !== null) lines.push(`Content-Length: ${bytes.length}`);
    const head = encoder.encode(`${lines.join("\r\n")}\r\n\r\n`);
    const frames = isSocket ? Array.from({ length: 3 }, () => this.#frame()) : [];
    if (isSocket) frames.push(socketFrame(8, new Uint8Array()));
    return { route: `${method} ${path}`, bytes: joined(head, bytes), frames, isWhole: true };
  }

  #pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.#random() * values.length)]!;
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  /** Changes a text with a certain probability: replaces it, or inserts or repeats a part. */
  #mutated(text: string, probability: number, most = 200): string {
    if (!this.#chance(probability)) return text;
    if (this.#chance(0.4)) return this.#pick(NASTY);
    const at = Math.floor(this.#random() * (text.length + 1));
    if (this.#chance(0.3)) return text.slice(0, at) + this.#pick(NASTY) + text.slice(at);
    const own = text.slice(at, at + 1 + Math.floor(this.#random() * 8));
    const part = own === "" || this.#chance(0.6) ? this.#pick(REPEATED) : own;
    const length = this.#pick([10, 200, 5_000, most]);
    return text.slice(0, at) + part.repeat(Math.ceil(Math.min(length, most) / part.length)) + text.slice(at);
  }

  #path(path: string): string {
    const { ids } = this.#options;
    const values: Readonly<Record<string, () => string>> = {
      client: () => this.#mutated("c", 0.03, 30_000),
      id: () => this.#mutated(this.#pick(ids), 0.1, 30_000),
      name: () => this.#mutated(this.#pick(["echo", "task", "a%2Fb"]), 0.2, 30_000),
      file: () => this.#mutated("list.js", 0.5),
      version: () => this.#mutated("0.1.0", 0.5),
      token: () => this.#mutated(this.#pick(["a.b.c", ...this.#options.keys]), 0.5, 30_000),
    };
    const filled = path.replace(/\{(\w+)\}/g, (_, name) => values[name]!());
    // A target with spaces, control or other characters is not a request at all.
    return this.#mutated(filled, 0.03, 30_000).replace(/[^\x21-\x7e]/g, encodeURIComponentSafely);
  }

  #query(path: string): string {
    const isWaiting = path === "/tasks/{client}" || path === "/tasks/{client}/{id}";
    const required = path.includes("report") ? ["reporter"] : path === "/t/{client}" ? ["do"] : [];
    const others = Array.from({ length: this.#random() * 4 }, () => this.#pick(Object.keys(QUERY)));
    const pairs = [...required, ...others].map((name) =>
      `${this.#mutated(name, 0.03, 20_000)}=${this.#mutated(this.#pick(QUERY[name]!), 0.25, 20_000)}`
    );
    if (isWaiting && pairs.some((pair) => /^(wait|after)/.test(pair))) pairs.push("timeout=0.01");
    const text = this.#mutated(pairs.join("&"), 0.05, 40_000);
    return text === "" ? "" : `?${text.replace(/[^\x21-\x7e]/g, encodeURIComponentSafely)}`;
  }

  #credentials(): string {
    const { keys, cookies } = this.#options;
    if (this.#chance(0.2)) return `Cookie: ${this.#mutated(this.#pick(cookies), 0.2, 20_000)}`;
    // The first key is that of the server, which has access to everything.
    return `Authorization: Bearer ${this.#mutated(this.#chance(0.7) ? keys[0]! : this.#pick(keys), 0.02)}`;
  }

  #body(path: string): { readonly type: string; readonly text: string } {
    const most = this.#pick([1_000, 20_000, 20_000, 300_000]);
    if (path === "/report") {
      return { type: "application/json", text: this.#mutated(this.#batch(most), 0.1, most) };
    }
    const [, root = "", ...more] = path.split("/");
    const isPage = root === "t" || root === "share" || root === "sign-in";
    const last = more.findLast((segment) => !segment.startsWith("{"));
    const kind = last ?? (more.length === 2 && root === "tasks" ? "update" : root);
    if (kind === "logs" && this.#chance(0.4)) {
      return { type: "text/plain", text: this.#mutated("a line\nanother\r\n", 0.5, most) };
    }
    const fields = Object.entries(FIELDS[kind] ?? {}).filter(() => this.#chance(0.6))
      .map(([name, value]) => [this.#mutated(name, 0.02, most), this.#value(value, most)] as const);
    if (isPage || this.#chance(0.3)) {
      const text = fields.map(([name, value]) =>
        `${encodeURIComponent(name.toWellFormed())}=${
          encodeURIComponent(String(typeof value === "object" ? JSON.stringify(value) : value).toWellFormed())
        }`
      ).join("&");
      return { type: "application/x-www-form-urlencoded", text: this.#mutated(text, 0.1, most) };
    }
    const text = `{${
      fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()
    }}`;
    return { type: "application/json", text: this.#mutated(text, 0.1, most) };
  }

  /** Returns a value for a field: the given one, a mutation of it, or one of another type or size. */
  #value(value: unknown, most: number): unknown {
    if (this.#chance(0.7)) return value;
    if (typeof value === "string" && this.#chance(0.5)) return this.#mutated(value, 1, most);
    const count = Math.ceil(this.#pick([1, 33, 1_001, most / 8]));
    const make = this.#pick<() => unknown>([
      () => this.#pick(NASTY),
      () => Array(count).fill(this.#pick<unknown>([1, "", "a", null, {}, [], LINE])),
      () =>
        Object.fromEntries(Array.from({ length: Math.min(count, 5_000) }, (_, index) => [`k${index}`, 1])),
      () => nested(this.#pick([10, 56, 70, 2_000])),
      () => this.#pick<unknown>([null, true, -1, 1e308, [[]], { a: "\ud800" }]),
    ]);
    return make();
  }

  #batch(most: number): string {
    const count = this.#pick([0, 1, 3, 3, Math.ceil(most / 100)]);
    const reports = Array.from({ length: count }, () => ({
      client: this.#mutated("c", 0.02),
      id: this.#mutated(this.#pick([...this.#options.ids, "batch"]), 0.02),
      at: this.#value(1, 100),
      change: this.#chance(0.9) ? this.#pick(CHANGES) : this.#value(this.#pick(CHANGES), most),
    }));
    return JSON.stringify({ batch: this.#chance(0.95) ? 1 : this.#value(1, 100), reports });
  }

  #frame(): Uint8Array<ArrayBuffer> {
    const text = this.#mutated(this.#batch(20_000), 0.2, 20_000);
    return socketFrame(this.#pick([1, 1, 1, 2, 8, 9]), encoder.encode(text), this.#chance(0.9));
  }
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

function encodeURIComponentSafely(character: string): string {
  return encodeURIComponent(character.toWellFormed());
}

function joined(head: Uint8Array, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}
