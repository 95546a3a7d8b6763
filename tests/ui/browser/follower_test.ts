import { signal } from "@preact/signals";
import type { Task } from "../../../lib/task/task.ts";
import { readLogPage } from "../../../lib/task/wire.ts";
import { Follower } from "../../../ui/browser/follower.ts";
import { LiveLog } from "../../../ui/browser/live_log.ts";
import { assertEquals } from "../../support/assert.ts";
import { EXAMPLE_TIME, exampleTask } from "../../support/example_task.ts";
import { until } from "../../support/until.ts";

/** A log on a server that returns two lines per request. */
class Following implements AsyncDisposable {
  readonly #task = signal(exampleTask());
  readonly log = new LiveLog({ lines: [], dropped: 0, gone: 0 }, this.#task, () => {});
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly follower: Follower;
  readonly asked: number[] = [];
  /** The error statuses with which the server responds to the next requests. */
  refusals: number[] = [];
  /** Called before each response with the number of the first requested line. */
  beforeAnswer: (after: number) => void = () => {};
  count = 0;
  #version = 1;

  /** @param intervalMs the minimum time between two requests, in milliseconds */
  constructor(intervalMs = 1) {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      const after = Number(new URL(request.url).searchParams.get("after"));
      this.asked.push(after);
      const { count } = this;
      const numbers = Array.from({ length: Math.min(2, count - after) }, (_, index) => after + index);
      const lines = numbers.map((at) => ({ at, text: `line ${at}` }));
      this.beforeAnswer(after);
      const refusal = this.refusals.shift();
      if (refusal !== undefined) return new Response("{}", { status: refusal });
      return Response.json({ lines, first: after, next: after + lines.length, count });
    });
    this.follower = new Follower(
      {
        task: this.#task,
        next: () => this.log.next(),
        add: (body, after) => this.log.add(readLogPage(body, after), after),
      },
      (after) => `http://127.0.0.1:${this.#server.addr.port}/logs?after=${after}`,
      intervalMs,
    );
  }

  /** Changes the record of the task. */
  tell(over: Partial<Task> = {}): void {
    this.#task.value = exampleTask({ log_count: this.count, version: ++this.#version, ...over });
  }

  /** Sends a request for lines from 99 on to the server, past the follower. */
  async ask(): Promise<void> {
    await (await fetch(`http://127.0.0.1:${this.#server.addr.port}/logs?after=99`)).body?.cancel();
  }

  get texts(): readonly string[] {
    return this.log.lines.value.lines.map((line) => line.text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.follower[Symbol.dispose]();
    this.log[Symbol.dispose]();
    await this.#server.shutdown();
  }
}

function lines(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `line ${index}`);
}

Deno.test("Follower fetches lines repeatedly until no line is missing", async () => {
  await using following = new Following();
  following.count = 5;
  following.tell();
  await until(() => following.texts.length === 5);
  assertEquals(following.texts, lines(5));
  assertEquals(following.asked, [0, 2, 4]);
  following.count = 6;
  following.tell();
  await until(() => following.texts.length === 6);
  assertEquals(following.asked, [0, 2, 4, 5]);
});

Deno.test("Follower.check() fetches again after a failed request", async () => {
  await using following = new Following();
  following.count = 1;
  following.refusals = [503];
  following.tell();
  await until(() => following.asked.length === 1);
  assertEquals(following.texts, []);
  // The page has reconnected, and the task has not changed since.
  following.follower.check();
  await until(() => following.texts.length === 1);
  assertEquals(following.asked, [0, 0]);
});

Deno.test("Follower waits between two requests, however often more data is announced", async () => {
  await using following = new Following(600_000);
  following.count = 1;
  following.tell();
  await until(() => following.texts.length === 1);
  while (following.count < 9) {
    following.count++;
    following.tell();
    following.follower.check();
  }
  // Any request of the follower would have been sent before this one.
  await following.ask();
  assertEquals(following.asked, [0, 99]);
});

Deno.test("Follower ignores lines of another task that had the same id", async () => {
  await using following = new Following();
  following.count = 2;
  following.beforeAnswer = () => {
    following.beforeAnswer = () => {};
    following.count = 1;
    following.tell({ created_at: EXAMPLE_TIME + 1, version: 1 });
  };
  following.tell();
  await until(() => following.texts.length > 0);
  assertEquals(following.texts, ["line 0"], "the first response had two lines");
  assertEquals(following.asked, [0, 0]);
});

Deno.test("Follower fetches nothing after it is disposed of", async () => {
  const following = new Following();
  await following[Symbol.asyncDispose]();
  following.count = 3;
  following.tell();
  following.follower.check();
  assertEquals(following.asked, []);
});
