import fc from "fast-check";
import { OutputBacklog } from "../../../../lib/cli/run/output_backlog.ts";
import type { OutputName } from "../../../../lib/cli/run/output_pipe.ts";
import { assertEquals, assertGreater, assertLess } from "../../../support/assert.ts";
import { until } from "../../../support/until.ts";

/** Collects the bytes of each output in the order in which the backlog passes them on. */
class Reader {
  readonly read: Record<OutputName, number[]> = { stdout: [], stderr: [] };
  readonly backlog = new OutputBacklog({
    onBytes: (output, bytes) => this.read[output].push(...bytes),
    onSkip: () => {
      throw new Error("Nothing was to be skipped");
    },
  });
}

/** Returns bytes that count up from a number, so that a missing byte is noticed. */
function counting(from: number, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => (from + index) % 251);
}

Deno.test("OutputBacklog reads all bytes of each output in order, if there is time", async () => {
  const chunks = fc.array(fc.tuple(fc.constantFrom<OutputName>("stdout", "stderr"), fc.nat(20_000)), {
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(chunks, (sizes) => {
      const reader = new Reader();
      const pushed: Record<OutputName, number> = { stdout: 0, stderr: 0 };
      for (const [output, size] of sizes) {
        reader.backlog.push(output, counting(pushed[output], size));
        pushed[output] += size;
      }
      reader.backlog.flush();
      for (const output of ["stdout", "stderr"] as const) {
        assertEquals(Uint8Array.from(reader.read[output]), counting(0, pushed[output]));
      }
      return Promise.resolve();
    }),
    { numRuns: 100 },
  );
});

Deno.test("OutputBacklog reads a short output at once", () => {
  const reader = new Reader();
  reader.backlog.push("stdout", counting(0, 10));
  assertEquals(reader.read.stdout.length, 10);
  reader.backlog.flush();
});

/** Returns numbered lines of 64 bytes. */
function numberedLines(from: number, count: number): Uint8Array<ArrayBuffer> {
  const lines = Array.from({ length: count }, (_, n) => `line ${from + n}`.padEnd(63) + "\n");
  return new TextEncoder().encode(lines.join(""));
}

/** Collects the lines of stdout, and records after how many lines the backlog skipped how many bytes. */
class Lines {
  readonly found: string[] = [];
  /** For each gap, the number of lines before it and the number of skipped bytes. */
  readonly gaps: (readonly [number, number])[] = [];
  readBytes = 0;
  #rest = "";
  readonly backlog = new OutputBacklog({
    onBytes: (output, bytes, isRead) => {
      if (output === "stderr") return;
      const parts = (this.#rest + new TextDecoder().decode(bytes)).split("\n");
      this.#rest = parts.pop()!;
      this.found.push(...parts.map((line) => line.trimEnd()));
      if (isRead) this.readBytes += bytes.length;
    },
    onSkip: (output, byteCount) => {
      if (output === "stderr") return;
      this.#rest = "";
      this.gaps.push([this.found.length, byteCount]);
    },
  });
}

Deno.test("OutputBacklog passes on a whole burst of 4 MB, but reads progress only from parts and from the end", async () => {
  const lines = new Lines();
  for (let n = 0; n < 64; n++) lines.backlog.push("stdout", numberedLines(n * 1_000, 1_000));
  await until(() => lines.found.length > 10_000);
  lines.backlog.flush();
  assertEquals(lines.gaps, []);
  assertEquals(lines.found, Array.from({ length: 64_000 }, (_, n) => `line ${n}`));
  assertGreater(lines.readBytes, 64_000);
  assertLess(lines.readBytes, 2_000_000);
});

Deno.test("OutputBacklog skips the oldest lines of a burst of 20 MB, and reports the size of the gap before the lines that it keeps", () => {
  const lines = new Lines();
  // A chunk ends within a line.
  const bytes = numberedLines(0, 320_000);
  for (let at = 0; at < bytes.length; at += 65_000) {
    lines.backlog.push("stdout", bytes.subarray(at, at + 65_000));
    if (at === 0) lines.backlog.push("stderr", counting(0, 100));
  }
  lines.backlog.flush();
  const [[before, missingBytes] = [0, 0], ...others] = lines.gaps;
  assertEquals([before, others], [0, []]);
  const missing = missingBytes / 64;
  assertEquals(lines.found, Array.from({ length: 320_000 - missing }, (_, n) => `line ${missing + n}`));
  assertGreater(lines.found.length * 64, 4_000_000);
});

Deno.test("OutputBacklog does not hold the buffers of short reads", () => {
  const lines = new Lines();
  const buffer = numberedLines(0, 1_000);
  lines.backlog.push("stdout", buffer.subarray(0, 64));
  lines.backlog.push("stdout", buffer.subarray(64, 128));
  // The next read of the output overwrites the same buffer.
  buffer.fill(0);
  lines.backlog.flush();
  assertEquals(lines.found, ["line 0", "line 1"]);
});

Deno.test("OutputBacklog has one timer at most, however long it reads", async () => {
  const reader = new Reader();
  for (let chunk = 0; chunk < 4; chunk++) reader.backlog.push("stdout", counting(chunk * 60_000, 60_000));
  await until(() => reader.read.stdout.length >= 80_000);
  // A second timer would still be pending at the end of the test, and `deno test` would report it as a leak.
  reader.backlog.flush();
  assertEquals(Uint8Array.from(reader.read.stdout), counting(0, 240_000));
});
