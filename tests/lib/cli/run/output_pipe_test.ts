import { type Output, OutputPipe } from "../../../../lib/cli/run/output_pipe.ts";
import { assertEquals } from "../../../support/assert.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const encoder = new TextEncoder();

/** An output that accepts only a few bytes at a time, or fails. */
class SlowOutput implements Output {
  text = "";
  readonly #most: number;
  readonly #errors: unknown[];
  readonly #isTerminal: boolean;

  constructor(most: number, errors: unknown[] = [], isTerminal = false) {
    this.#most = most;
    this.#errors = errors;
    this.#isTerminal = isTerminal;
  }

  isTerminal(): boolean {
    return this.#isTerminal;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (this.#errors.length > 0) throw this.#errors.shift();
    const taken = bytes.subarray(0, this.#most);
    this.text += new TextDecoder().decode(taken);
    return taken.length;
  }
}

interface Pipe {
  readonly stream: ReadableStream<Uint8Array>;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  readonly cancelled: Promise<void>;
}

function pipe(): Pipe {
  const cancelled = Promise.withResolvers<void>();
  let controller: ReadableStreamDefaultController<Uint8Array>;
  const stream = new ReadableStream<Uint8Array>({
    start: (given) => void (controller = given),
    cancel: () => cancelled.resolve(),
  });
  return { stream, controller: controller!, cancelled: cancelled.promise };
}

interface Subject extends Pipe {
  readonly subject: OutputPipe;
  readonly seen: string[];
  readonly failures: unknown[];
}

function pass(output: Output): Subject {
  const seen: string[] = [];
  const failures: unknown[] = [];
  const from = pipe();
  const subject = new OutputPipe(from.stream, output, {
    onBytes: (bytes) => seen.push(new TextDecoder().decode(bytes)),
    onFailure: (error) => failures.push(error),
  });
  return { ...from, subject, seen, failures };
}

Deno.test("OutputPipe copies everything in order, even if the output writes a few bytes at a time", async () => {
  const output = new SlowOutput(3);
  const { controller, subject, seen, failures } = pass(output);
  for (const text of ["some", "", "thing", "!"]) controller.enqueue(encoder.encode(text));
  controller.close();
  await subject.done;
  assertEquals(output.text, "something!");
  assertEquals([seen, failures], [["some", "", "thing", "!"], []]);
});

Deno.test("OutputPipe closes the pipe without reporting an error if the reader of the output is gone", async () => {
  const { controller, subject, seen, failures, cancelled } = pass(
    new SlowOutput(9, [new Deno.errors.BrokenPipe("x")]),
  );
  controller.enqueue(encoder.encode("text"));
  await cancelled;
  await subject.done;
  assertEquals([seen, failures], [["text"], []]);
});

Deno.test("OutputPipe closes the pipe and reports the error if the output fails", async () => {
  for (const error of [new Error("disk full"), new Deno.errors.WouldBlock("not now")]) {
    const { controller, subject, failures, cancelled } = pass(new SlowOutput(9, [error]));
    controller.enqueue(encoder.encode("text"));
    await cancelled;
    await subject.done;
    assertEquals(failures, [error]);
  }
});

Deno.test("OutputPipe retries a write to a non-blocking terminal", async () => {
  const output = new SlowOutput(9, [new Deno.errors.WouldBlock("not now")], true);
  const { controller, subject, failures } = pass(output);
  controller.enqueue(encoder.encode("text"));
  controller.close();
  await subject.done;
  assertEquals([output.text, failures], ["text", []]);
});

Deno.test("OutputPipe.silent() resolves once everything was copied and no output came for the given time; close() ends the pipe", async () => {
  using clock = new FakeClock();
  const output = new SlowOutput(100);
  const { controller, subject, seen, cancelled } = pass(output);
  let isSilent = false;
  const silent = subject.silent(300).then(() => isSilent = true);
  for (const text of ["what is there, ", "and what comes late"]) {
    await clock.passAsync(200);
    controller.enqueue(encoder.encode(text));
    await clock.passAsync(100);
    assertEquals([output.text.endsWith(text), isSilent], [true, false]);
  }
  await clock.passAsync(300);
  await silent;
  subject.close();
  await cancelled;
  await subject.done;
  assertEquals(seen, ["what is there, ", "and what comes late"]);
});

Deno.test("OutputPipe.silent() resolves as soon as the pipe ends, and leaves no timer", async () => {
  const { controller, subject } = pass(new SlowOutput(9));
  controller.enqueue(encoder.encode("text"));
  const silent = subject.silent(60_000);
  controller.close();
  await silent;
});

/** An output whose writes are blocked until they are released. */
class BlockedOutput implements Output {
  text = "";
  readonly #released = Promise.withResolvers<void>();

  isTerminal(): boolean {
    return false;
  }

  release(): void {
    this.#released.resolve();
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#released.promise;
    this.text += new TextDecoder().decode(bytes);
    return bytes.length;
  }
}

Deno.test("OutputPipe does not read ahead of the output before drained(), which reads everything while writing is blocked", async () => {
  using clock = new FakeClock();
  const output = new BlockedOutput();
  const { controller, subject, seen } = pass(output);
  for (const text of ["a", "b", "c"]) controller.enqueue(encoder.encode(text));
  await clock.passAsync(1_000);
  assertEquals(seen, ["a"]);
  const drained = subject.drained(300);
  await clock.passAsync(200);
  controller.enqueue(encoder.encode("d"));
  await clock.passAsync(400);
  await drained;
  assertEquals([seen, output.text], [["a", "b", "c", "d"], ""]);
  output.release();
  controller.close();
  await subject.done;
  assertEquals(output.text, "abcd");
});

Deno.test("OutputPipe.drained() resolves as soon as the pipe ends, even while writing is blocked", async () => {
  const output = new BlockedOutput();
  const { controller, subject, seen } = pass(output);
  controller.enqueue(encoder.encode("a"));
  controller.enqueue(encoder.encode("b"));
  controller.close();
  await subject.drained(60_000);
  assertEquals(seen, ["a", "b"]);
  output.release();
  await subject.done;
  assertEquals(output.text, "ab");
});

Deno.test("OutputPipe.drained() lets at most 2 MiB wait to be written, counting the buffers of short reads", async () => {
  using clock = new FakeClock();
  const output = new BlockedOutput();
  const { controller, subject, seen } = pass(output);
  for (let index = 0; index < 100; index++) controller.enqueue(new Uint8Array(64 * 1024).subarray(0, 1));
  const drained = subject.drained(300);
  await clock.passAsync(1_000);
  assertEquals(seen.length, 33);
  output.release();
  controller.close();
  await Promise.all([drained, subject.done]);
  assertEquals([seen.length, output.text.length], [100, 100]);
});
