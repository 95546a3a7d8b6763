/** Tests of a server whose wall clock is set by an hour or a day, forward and back, while it runs. */

import { TIME_HEADER } from "../../lib/task/clock_offset.ts";
import type { Task } from "../../lib/task/task.ts";
import { assert, assertEquals, assertLess } from "../support/assert.ts";
import { type Program, runProgram, spawnProgram, startProgram } from "../support/program.ts";
import { SetClock } from "../support/set_clock.ts";
import { eventually, until } from "../support/until.ts";

const HOUR = 3_600;
const DAY = 24 * HOUR;
/** The duration of a session, in seconds. */
const SESSION = 7 * DAY;
/** How far an expiry may be from the expected one, in seconds. */
const PRECISION = 60;
/**
 * The time within which a task would become stale, lost or stalled if the server trusted its wall clock, in
 * milliseconds.
 */
const PATIENCE_MS = 1_500;

const KEY = "a-key-for-this-very-test-0123456789";
const WRONG_KEYS = 3;

/** The offsets to which the clock is set one after the other, in seconds from the real time. */
const COURSES: Readonly<Record<string, readonly number[]>> = {
  "an hour forward and back": [HOUR, 0],
  "an hour back and forward": [-HOUR, 0],
  "a day forward and back": [DAY, 0],
  "a day back and forward": [-DAY, 0],
  "to and fro": [HOUR, -DAY, DAY, -HOUR, 0],
};

/** A server that requires a key, and whose clock can be set. */
class ClockedServer implements AsyncDisposable {
  readonly folder: string;
  readonly clock: SetClock;
  readonly program: Program;

  private constructor(folder: string, clock: SetClock, program: Program) {
    this.folder = folder;
    this.clock = clock;
    this.program = program;
  }

  static async start(): Promise<ClockedServer | undefined> {
    const clock = await SetClock.find("A test of a server whose clock is set");
    if (clock === undefined) return undefined;
    const folder = await Deno.makeTempDir({ prefix: "taskscope-clock-" });
    await Deno.writeTextFile(`${folder}/key`, KEY);
    const limits = { wrongKeysPerAddress: WRONG_KEYS, wrongKeyRefillMs: 500 };
    const flags = Object.entries(limits).flatMap(([name, value]) => ["--limit", `${name}=${value}`]);
    const args = ["--no-demo", "--data", `${folder}/tasks.db`, "--key-file", `${folder}/key`, ...flags];
    return new ClockedServer(folder, clock, await startProgram(args, { env: clock.env }));
  }

  /** The environment of a program that reports to the server, and whose own clock is right. */
  get env(): Record<string, string> {
    return { TASKSCOPE_SERVER: this.program.url, TASKSCOPE_KEY: KEY };
  }

  /** Sends a request with the key, unless the headers say otherwise; returns the status and the body. */
  async ask(
    path: string,
    init: RequestInit = {},
  ): Promise<{ readonly status: number; readonly text: string }> {
    const headers = { authorization: `Bearer ${KEY}`, ...init.headers };
    const response = await fetch(`${this.program.url}${path}`, { redirect: "manual", ...init, headers });
    return { status: response.status, text: await response.text() };
  }

  /** Signs in, and returns the cookie of the session. */
  async signIn(): Promise<string> {
    const response = await fetch(`${this.program.url}/sign-in`, {
      method: "POST",
      redirect: "manual",
      body: new URLSearchParams({ key: KEY }),
      headers: { origin: this.program.url },
    });
    await response.body?.cancel();
    assertEquals(response.status, 303);
    return response.headers.getSetCookie()[0]!.split(";")[0]!;
  }

  /** Returns the status of a request with the cookie of a session. */
  async statusOf(cookie: string): Promise<number> {
    const response = await fetch(`${this.program.url}/tasks/default`, { headers: { cookie } });
    await response.body?.cancel();
    return response.status;
  }

  /** Sets the clock, and waits until the server has it. */
  async set(seconds: number): Promise<void> {
    this.clock.set(seconds);
    const probe = async (): Promise<Task> => {
      const body = JSON.stringify({ name: "probe" });
      const headers = { "content-type": "application/json" };
      const { status, text } = await this.ask("/tasks/probes", { method: "POST", body, headers });
      assertEquals(status, 201, text);
      return JSON.parse(text);
    };
    await eventually(probe, ({ created_at }) => Math.abs(created_at - Date.now() / 1_000 - seconds) < 5);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
    this.clock[Symbol.dispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

for (const [course, shifts] of Object.entries(COURSES)) {
  Deno.test(`a server whose clock is set ${course} loses no task and locks nobody out`, async () => {
    await using server = await ClockedServer.start();
    if (server === undefined) return;
    const { env, folder } = server;
    const command =
      `i=0; while [ ! -e '${folder}/end' ]; do i=$((i + 1)); echo "$i of 100000"; sleep 0.1; done`;
    await using job = await spawnProgram(["run", "--id", "job", "--", "sh", "-c", command], { env });
    const body = JSON.stringify({ id: "quiet", name: "quiet", stale_after: 1 });
    const headers = { "content-type": "application/json" };
    assertEquals((await server.ask("/tasks/default", { method: "POST", body, headers })).status, 201);
    const update = { method: "POST", body: JSON.stringify({ progress: 10 }), headers };
    assertEquals((await server.ask("/tasks/default/quiet", update)).status, 200);
    const task = async (id: string) => JSON.parse((await server.ask(`/tasks/default/${id}`)).text);
    await eventually(() => task("job"), ({ current }) => current > 2);
    const cookie = await server.signIn();
    await using watching = await spawnProgram(["watch", "job"], { env });

    for (const shift of shifts) {
      await server.set(shift);
      const setAtMs = performance.now();
      const { current } = await task("job");
      assertEquals(
        (await server.ask("/tasks/default", { headers: { authorization: "Bearer no" } })).status,
        401,
      );
      await until(() => performance.now() - setAtMs > PATIENCE_MS);
      const running = await eventually(() => task("job"), (job) => job.current > current);
      const quiet = await task("quiet");
      assertEquals([running.state, running.stale, running.error], ["PROCESSING", false, null], `${shift}`);
      assertEquals([quiet.state, quiet.error], ["PROCESSING", null], `${shift}`);
      assertEquals((await server.ask("/readyz")).status, 200);
      assertEquals(await server.statusOf(cookie), 200, `the session at ${shift}`);
    }

    await Deno.writeTextFile(`${folder}/end`, "");
    assertEquals((await job.ended()).code, 0);
    assertEquals((await watching.ended()).code, 0);
    const { state, started_at, finished_at } = await task("job");
    assertEquals(state, "FINISHED");
    assertLess(started_at, finished_at);
    assertEquals((await runProgram(["ls"], { env })).code, 0);
  });
}

for (const shift of [HOUR, -HOUR, DAY, -DAY]) {
  Deno.test(`a lockout for wrong keys ends in time if the clock is set by ${shift / HOUR} h`, async () => {
    await using server = await ClockedServer.start();
    if (server === undefined) return;
    const wrong = { headers: { authorization: "Bearer no" } };
    await eventually(() => server.ask("/tasks/default", wrong), ({ status }) => status === 429);
    const lockedMs = performance.now();
    server.clock.set(shift);
    await eventually(() => server.ask("/tasks/default"), ({ status }) => status === 200);
    // A wrong attempt is forgiven after 500 ms; if the server used the wall clock, after an hour or a day.
    assertLess(performance.now() - lockedMs, 10_000);
  });

  Deno.test(`a session outlives its time by at most ${shift / HOUR} h if the clock was that far ahead when the session began`, async () => {
    await using server = await ClockedServer.start();
    if (server === undefined) return;
    await server.set(shift);
    const cookie = await server.signIn();
    await server.set(0);
    assertEquals(await server.statusOf(cookie), 200);
    await server.set(SESSION + shift - PRECISION);
    assertEquals(await server.statusOf(cookie), 200);
    await server.set(SESSION + shift + PRECISION);
    assertEquals(await server.statusOf(cookie), 401);
  });
}

for (const shift of [HOUR, DAY]) {
  Deno.test(`the time in headers and the end of a task are right again if the clock was ${shift / HOUR} h ahead`, async () => {
    await using server = await ClockedServer.start();
    if (server === undefined) return;
    const post = (path: string, body: unknown) =>
      server.ask(`/tasks/default${path}`, {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      });
    const secondsOff = async (path: string) => {
      const response = await fetch(server.program.url + path, {
        headers: { authorization: `Bearer ${KEY}` },
      });
      await response.body?.cancel();
      const said = [
        Date.parse(response.headers.get("date")!) / 1_000,
        Number(response.headers.get(TIME_HEADER)),
      ];
      return Math.max(...said.map((time) => Math.abs(time - Date.now() / 1_000)));
    };
    await post("", { id: "before", started: true });
    await server.set(shift);
    await post("", { id: "ahead", started: true });
    for (const id of ["before", "ahead"]) await post(`/${id}`, { progress: 50 });
    await server.set(0);
    for (const path of ["/tasks/default", "/tasks/default/ahead", "/t/default", "/none"]) {
      assertLess(await secondsOff(path), PRECISION, path);
    }
    for (const id of ["before", "ahead"]) {
      const { started_at: startedAt, finished_at: finishedAt } = JSON.parse(
        (await post(`/${id}/finish`, {})).text,
      );
      assertLess(Math.abs(finishedAt - Date.now() / 1_000), PRECISION, id);
      assert(startedAt <= finishedAt, id);
    }
  });
}
