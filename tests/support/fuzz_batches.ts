/**
 * Generates malformed batches of reports, over HTTP and over sockets.
 *
 * @module
 */

import { HANDSHAKE, socketFrame } from "./raw_http.ts";
import type { FuzzCase } from "./fuzz_case.ts";

const encoder = new TextEncoder();

const REPORTERS = [
  "reporter-0001",
  "reporter-0002",
  "short",
  "",
  "x".repeat(65),
  "%ff%ff%ff%ff",
  "__proto__",
];
const CLIENTS = ["r", "r", "r", "..", "__proto__", "", 7, null, {}];
const IDS = ["a", "b", "c", "start", "__proto__", "constructor", "x".repeat(129), 7, null, []];
const TIMES = [1_700_000_000, 0, -1, 1e308, 4e9, "now", null, true];
const SEQS = [undefined, 1, 2, 50, 2 ** 53 - 1, 2 ** 53, 0, -1, 1.5, "1", null];
const BATCHES = [1, 2, 0, 2 ** 53 - 1, 2 ** 53, -1, 1.5, "1", null, undefined];
const LINE = { at: 1, text: "a line" };
const CHANGES: readonly unknown[] = [
  { type: "create", name: "task", metadata: {}, tags: ["a"], parent_id: "b", weight: 2, stale_after: 5 },
  { type: "create", name: "", metadata: [], tags: "a", parent_id: "..", weight: -1, attempt: 0 },
  { type: "create", name: "x".repeat(201), metadata: { ["__proto__"]: { polluted: true } } },
  { type: "start" },
  { type: "update", progress: 50, current: 3, total: 9, unit: "B", status: "s", metadata: { a: null } },
  { type: "update", progress: "50", current: [], total: {}, unit: 5, status: "x".repeat(1_001) },
  { type: "update", progress: -1e308, current: 1e308, total: -0, metadata: { a: "x".repeat(17_000) } },
  { type: "log", first: 3, lines: [LINE, LINE] },
  { type: "log", first: -1, lines: Array(1_002).fill(LINE) },
  { type: "log", lines: [5, null, { at: "1" }, { at: 1, text: "x".repeat(8_193) }] },
  { type: "finish", result: { deep: [[[[1]]]] } },
  { type: "finish", result: "x".repeat(70_000) },
  { type: "fail", error: { message: "m", type: "T", stack: "s" } },
  { type: "fail", error: "no" },
  { type: "cancelled" },
  { type: "request_cancel" },
  ...["interrupt", "adopt", "restore", "stale", "estimate", "roll_up", "toString"].map((type) => ({ type })),
  { type: "adopt", lostVersions: 1e9 },
  null,
  [],
  "create",
];

/**
 * Generates a request or a WebSocket that reports malformed batches.
 *
 * @param random returns a random number from 0 to 1
 * @param host the value of the `Host` header
 * @returns the request and its frames
 */
export function batchCase(random: () => number, host: string): FuzzCase {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  const report = (): unknown => ({
    client: pick(CLIENTS),
    id: pick(IDS),
    at: pick(TIMES),
    seq: pick(SEQS),
    change: pick(CHANGES),
  });
  const reports = () =>
    Array.from({ length: random() * 5 }, random() < 0.9 ? report : (): unknown => pick(IDS));
  const text = (): string => {
    const depth = pick([10, 1_000, 50_000]);
    const whole = JSON.stringify({ batch: pick(BATCHES), reports: random() < 0.9 ? reports() : pick(IDS) });
    return pick<() => string>([
      ...Array(6).fill(() => whole),
      () => whole.slice(0, Math.floor(random() * whole.length)),
      () => `{"batch":1,"reports":[${"[".repeat(depth)}${"]".repeat(depth)}]}`,
      () => `{"batch":1,"reports":[{"client":"r","id":"a","at":1,"change":${'{"type":'.repeat(depth)}`,
      () => "x".repeat(pick([0, 1, 70_000])),
    ])();
  };
  const query = `reporter=${pick(REPORTERS)}`;
  if (random() < 0.5) {
    const body = encoder.encode(text());
    const type = random() < 0.9 ? "application/json" : "text/plain";
    const head = encoder.encode(
      `POST /report?${query} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: ${type}\r\n` +
        `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n`,
    );
    const bytes = new Uint8Array(head.length + body.length);
    bytes.set(head);
    bytes.set(body, head.length);
    return { bytes, frames: [], isWhole: true };
  }
  const lines = HANDSHAKE.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const bytes = encoder.encode(`GET /ws/report?${query} HTTP/1.1\r\nHost: ${host}\r\n${lines}\r\n`);
  const frames = Array.from({ length: 4 }, () => {
    const frame = socketFrame(pick([1, 1, 1, 1, 2, 0, 8, 9, 15]), encoder.encode(text()), random() < 0.9);
    return random() < 0.1 ? frame.slice(0, Math.floor(random() * frame.length)) : frame;
  });
  return { bytes, frames, isWhole: true };
}
