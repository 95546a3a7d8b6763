/**
 * Puts load on a server over 64 connections, with `wrk` if it is installed, else with a client in this process.
 *
 * @module
 */

import { verify, WrongWorkError } from "./harness.ts";

const CONNECTIONS = 64;
/** The duration of a load in seconds; `wrk` accepts integers only. */
const LOAD_SECONDS = 1;

let hasWrk: boolean | null = null;

/**
 * Measures how many requests per second a server answers.
 *
 * @param port the port that the server listens on
 * @param path the path to request
 * @returns the number of responses per second
 * @throws {WrongWorkError} if a response is wrong
 */
export async function requestsPerSecond(port: number, path: string): Promise<number> {
  hasWrk ??= await canRunWrk();
  return hasWrk ? await loadByWrk(`http://127.0.0.1:${port}${path}`) : await loadByFetchers(port, path);
}

async function canRunWrk(): Promise<boolean> {
  try {
    await new Deno.Command("wrk", { args: ["--version"], stdout: "null", stderr: "null" }).output();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function loadByWrk(url: string): Promise<number> {
  const { stdout } = await new Deno.Command("wrk", {
    args: ["--threads", "1", "--connections", String(CONNECTIONS), "--duration", `${LOAD_SECONDS}s`, url],
  }).output();
  const text = new TextDecoder().decode(stdout);
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(text)?.[1];
  if (rate === undefined || /Non-2xx|Socket errors/.test(text)) {
    throw new WrongWorkError(`Cannot load ${url}: received ${text}`);
  }
  return Number(rate);
}

async function loadByFetchers(port: number, path: string): Promise<number> {
  const request = new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  const startMs = performance.now();
  const endMs = startMs + LOAD_SECONDS * 1000;
  const counts = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => fetchUntil(endMs, port, request)),
  );
  return counts.reduce((sum, count) => sum + count, 0) / ((performance.now() - startMs) / 1000);
}

/** Requests the same path repeatedly; all responses have the length of the first one, so only that is parsed. */
async function fetchUntil(endMs: number, port: number, request: Uint8Array): Promise<number> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(256 * 1024);
  await connection.write(request);
  const wanted = await readAnswer(connection, buffer, null);
  let count = 1;
  for (; performance.now() < endMs; count++) {
    await connection.write(request);
    verify("bytes of an answer", wanted, await readAnswer(connection, buffer, wanted));
  }
  return count;
}

async function readAnswer(
  connection: Deno.TcpConn,
  buffer: Uint8Array,
  wanted: number | null,
): Promise<number> {
  let filled = 0;
  while (wanted === null || filled < wanted) {
    const read = await connection.read(buffer.subarray(filled));
    if (read === null) throw new WrongWorkError("Cannot load: the connection was closed");
    filled += read;
    wanted ??= lengthOf(new TextDecoder().decode(buffer.subarray(0, filled)));
  }
  return filled;
}

function lengthOf(answer: string): number | null {
  const end = answer.indexOf("\r\n\r\n");
  if (end === -1) return null;
  verify("the status", "HTTP/1.1 200", answer.slice(0, 12));
  const length = /\r\ncontent-length: (\d+)/i.exec(answer)?.[1];
  if (length === undefined) throw new WrongWorkError("Cannot load: wanted an answer with a length");
  return end + 4 + Number(length);
}
