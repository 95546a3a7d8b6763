import { type Output, Passage } from "../../../../lib/cli/run/passage.ts";
import { assertEquals } from "../../../support/assert.ts";

const encoder = new TextEncoder();

/** An output that takes so many bytes at a time, or fails. */
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
  readonly passage: Passage;
  readonly seen: string[];
  readonly failures: unknown[];
}

function pass(output: Output): Subject {
  const seen: string[] = [];
  const failures: unknown[] = [];
  const from = pipe();
  const passage = new Passage(from.stream, output, {
    onBytes: (bytes) => seen.push(new TextDecoder().decode(bytes)),
    onFailure: (error) => failures.push(error),
  });
  return { ...from, passage, seen, failures };
}

Deno.test("Passage brings everything over, in order, however little the output takes", async () => {
  const output = new SlowOutput(3);
  const { controller, passage, seen, failures } = pass(output);
  for (const text of ["some", "", "thing", "!"]) controller.enqueue(encoder.encode(text));
  controller.close();
  await passage.done;
  assertEquals(output.text, "something!");
  assertEquals([seen, failures], [["some", "", "thing", "!"], []]);
});

Deno.test("Passage closes the pipe where nobody reads any more, and says nothing", async () => {
  const { controller, passage, seen, failures, cancelled } = pass(
    new SlowOutput(9, [new Deno.errors.BrokenPipe("x")]),
  );
  controller.enqueue(encoder.encode("text"));
  await cancelled;
  await passage.done;
  assertEquals([seen, failures], [[], []]);
});

Deno.test("Passage closes the pipe where the output fails, and says why", async () => {
  for (const error of [new Error("disk full"), new Deno.errors.WouldBlock("not now")]) {
    const { controller, passage, failures, cancelled } = pass(new SlowOutput(9, [error]));
    controller.enqueue(encoder.encode("text"));
    await cancelled;
    await passage.done;
    assertEquals(failures, [error]);
  }
});

Deno.test("Passage tries a terminal again that takes nothing just now", async () => {
  const output = new SlowOutput(9, [new Deno.errors.WouldBlock("not now")], true);
  const { controller, passage, failures } = pass(output);
  controller.enqueue(encoder.encode("text"));
  controller.close();
  await passage.done;
  assertEquals([output.text, failures], ["text", []]);
});

Deno.test("Passage.finish() brings over what is there, and does not wait for ever for others", async () => {
  const output = new SlowOutput(1);
  const { controller, passage, cancelled } = pass(output);
  controller.enqueue(encoder.encode("what is there"));
  passage.finish();
  await cancelled;
  await passage.done;
  assertEquals(output.text, "what is there");
  passage.finish();
});

Deno.test("Passage.finish() does not wait where the pipe is at its end", async () => {
  const { controller, passage } = pass(new SlowOutput(9));
  controller.enqueue(encoder.encode("text"));
  passage.finish();
  controller.close();
  await passage.done;
});
