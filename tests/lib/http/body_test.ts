import { readText } from "../../../lib/http/body.ts";
import { Problem } from "../../../lib/http/problem.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

const LIMITS = { requestBytes: 1_000, requestTimeoutMs: 20 };

/** Returns a request whose body has some bytes and then no end. */
function unfinished(bytes: Uint8Array<ArrayBuffer>): Request {
  const body = new ReadableStream({ start: (controller) => controller.enqueue(bytes) });
  return new Request("http://localhost/", { method: "POST", body });
}

Deno.test("readText() refuses a body that takes too long, even if the clock is set back meanwhile", async () => {
  const { now } = Date;
  Date.now = () => 0;
  try {
    const error = await assertRejects(
      () => readText(unfinished(new TextEncoder().encode('{"id"')), LIMITS),
      Problem,
    );
    assertEquals(error.code, "slow_body");
  } finally {
    Date.now = now;
  }
});

Deno.test("readText() refuses a body that takes too long, even if it stops within a character", async () => {
  const error = await assertRejects(() => readText(unfinished(new Uint8Array([0xc3])), LIMITS), Problem);
  assertEquals(error.code, "slow_body");
});
