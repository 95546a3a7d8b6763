import fc from "fast-check";
import { OutputBacklog } from "../../../../lib/cli/run/output_backlog.ts";
import type { OutputName } from "../../../../lib/cli/run/output_pipe.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { until } from "../../../support/until.ts";

/** The bytes of one output, as a backlog hands them over: those that were skipped are missing. */
class Reader {
  readonly read: Record<OutputName, number[]> = { stdout: [], stderr: [] };
  readonly skipped: Record<OutputName, number> = { stdout: 0, stderr: 0 };
  readonly backlog = new OutputBacklog({
    onBytes: (output, bytes) => this.read[output].push(...bytes),
    onSkip: (output, byteCount) => this.skipped[output] += byteCount,
  });
}

/** Returns bytes that count up from a number, so that a gap shows. */
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
        assertEquals(reader.skipped[output], 0);
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

Deno.test("OutputBacklog skips what comes faster than it can be read, says how much, and reads the end", () => {
  const reader = new Reader();
  const size = 60_000;
  for (let chunk = 0; chunk < 50; chunk++) reader.backlog.push("stdout", counting(chunk * size, size));
  reader.backlog.push("stderr", counting(0, 100));
  reader.backlog.flush();
  const { read, skipped } = reader;
  assert(skipped.stdout > 0);
  assertEquals(read.stdout.length + skipped.stdout, 50 * size);
  assertEquals(Uint8Array.from(read.stdout.slice(-1_000)), counting(50 * size - 1_000, 1_000));
  assertEquals([Uint8Array.from(read.stderr), skipped.stderr], [counting(0, 100), 0]);
});

Deno.test("OutputBacklog has one timer at most, however long it reads", async () => {
  const reader = new Reader();
  for (let chunk = 0; chunk < 4; chunk++) reader.backlog.push("stdout", counting(chunk * 60_000, 60_000));
  await until(() => reader.read.stdout.length >= 80_000);
  // A second timer would run on, and the test would fail because of it.
  reader.backlog.flush();
  assertEquals(Uint8Array.from(reader.read.stdout), counting(0, 240_000));
});
