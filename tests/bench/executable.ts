/**
 * Measures the size, the memory and the start time of the executable, against a bare `Deno.serve` that the same Deno
 * compiled.
 *
 * @module
 */

import { freePort } from "../support/free_port.ts";
import { EXECUTABLE, moduleArgs, spawn } from "../support/program.ts";
import { pause } from "./support/clock.ts";
import { firstAnswer } from "./support/first_answer.ts";
import { type Figure, PAIRS, WrongWorkError } from "./support/harness.ts";
import { residentBytesOf } from "./support/resident.ts";
import { TempFolder } from "./support/temp_folder.ts";

const MEGABYTE = 1_000_000;
/** The time that the program gets to become idle, in milliseconds. */
const REST_MS = 1_000;

/** The measurements of one start. */
interface Start {
  readonly answerMs: number;
  readonly residentMegabytes: number;
}

/** Measures the executable that `TASKSCOPE_EXECUTABLE` names, or compiles one; reports the best of several starts. */
export async function benchExecutable(): Promise<Figure[]> {
  await using folder = await TempFolder.make();
  const ours = EXECUTABLE ?? await compileOurs(folder.file("taskscope"));
  const bare = await compileBare(folder.file("bare"));
  const starts: { readonly ours: Start; readonly bare: Start }[] = [];
  for (let index = 0; index < PAIRS; index++) {
    const data = folder.file(`${index}.db`);
    starts.push({
      ours: await start((port) => [ours, "--port", String(port), "--data", data], "/readyz"),
      bare: await start((port) => [bare, String(port)], "/"),
    });
  }
  const figure = (
    name: string,
    unit: string,
    atMost: number | null,
    pairs: readonly (readonly number[])[],
  ) => {
    const [ours, bare] = [0, 1].map((side) => Math.min(...pairs.map((pair) => pair[side]!))) as [
      number,
      number,
    ];
    const target = atMost === null ? null : { of: "ours", atMost } as const;
    return { name, unit, ours, bare, ratio: ours / bare, target };
  };
  return [
    figure("executable, size", "MB", null, [[await megabytesOf(ours), await megabytesOf(bare)]]),
    figure(
      "executable, start to first answer",
      "ms",
      250,
      starts.map(({ ours, bare }) => [ours.answerMs, bare.answerMs]),
    ),
    figure(
      "executable, resident when idle",
      "MB",
      120,
      starts.map(({ ours, bare }) => [ours.residentMegabytes, bare.residentMegabytes]),
    ),
  ];
}

async function start(words: (port: number) => [string, ...string[]], path: string): Promise<Start> {
  const port = freePort();
  const [command, ...args] = words(port);
  const startMs = performance.now();
  await using process = spawn(command, args);
  await firstAnswer(`http://127.0.0.1:${port}${path}`);
  const answerMs = performance.now() - startMs;
  await pause(REST_MS);
  return { answerMs, residentMegabytes: await residentBytesOf(process.pid) / MEGABYTE };
}

async function compileOurs(output: string): Promise<string> {
  const permissions = ["--allow-read", "--allow-env=TASKSCOPE_COMPILE_DENO", "--allow-run"];
  const words = await moduleArgs(".tools/compile.ts", permissions);
  return await compile([Deno.execPath(), ...words, "--output", output], output);
}

async function compileBare(output: string): Promise<string> {
  const flags = ["--quiet", "--no-check", "--no-code-cache", "--exclude-unused-npm", "--allow-net"];
  const entry = new URL("./servers/bare_start.ts", import.meta.url).pathname;
  return await compile([compiler(), "compile", ...flags, "--output", output, entry], output);
}

/** Returns the path of the Deno that `.tools/compile.ts` compiles with. */
function compiler(): string {
  return Deno.env.get("TASKSCOPE_COMPILE_DENO") || Deno.execPath();
}

async function compile([command, ...args]: [string, ...string[]], output: string): Promise<string> {
  const env = { TASKSCOPE_COMPILE_DENO: compiler() };
  const { code, stderr } = await spawn(command, args, { env }).ended();
  if (code !== 0) throw new WrongWorkError(`Cannot compile ${output}: ${stderr}`);
  return output;
}

async function megabytesOf(file: string): Promise<number> {
  return (await Deno.stat(file)).size / MEGABYTE;
}
