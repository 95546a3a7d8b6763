import { Keyboard, parseForeground } from "../../../../lib/cli/run/keyboard.ts";
import { assertEquals } from "../../../support/assert.ts";

/** The fields of /proc/<pid>/stat after the foreground process group. */
const OTHERS = "4194304 99 0 0 0 20 0 -1 18446744073709551615 0";

Deno.test("parseForeground() compares the process group with that of the terminal", () => {
  const table: [string, boolean | null][] = [
    [`7 (deno) S 6 5 4 34816 5 ${OTHERS}\n`, true],
    [`7 (deno) S 6 5 4 34816 9 ${OTHERS}\n`, false],
    // The number of a terminal is negative if its highest bit is set.
    [`7 (deno) S 6 5 4 -34816 5 ${OTHERS}\n`, true],
    [`7 (a) S 1 2 (b)\n) R 6 5 4 34816 5 ${OTHERS}\n`, true],
    // Without a controlling terminal.
    [`7 (deno) S 6 5 4 0 -1 ${OTHERS}\n`, false],
    ["7 (deno) S 6 5 4", null],
    ["", null],
  ];
  assertEquals(table.map(([stat]) => parseForeground(stat)), table.map(([, expected]) => expected));
});

Deno.test("Keyboard.maySignal() is false only if the process was in the background at the start, and still is", async () => {
  const table: [start: boolean | null, now: boolean | null, expected: boolean][] = [
    [false, false, false],
    [false, true, true],
    [true, false, true],
    [true, true, true],
    [null, false, true],
    [false, null, true],
  ];
  for (const [start, now, expected] of table) {
    const readings = [start, now];
    const keyboard = new Keyboard(() => Promise.resolve(readings.shift()!));
    assertEquals(await keyboard.maySignal(), expected, `${start}, then ${now}`);
  }
});
