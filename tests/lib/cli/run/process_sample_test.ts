import fc from "fast-check";
import { parseSample } from "../../../../lib/cli/run/process_sample.ts";
import { assertEquals } from "../../../support/assert.ts";

/** Returns a line of /proc/<pid>/stat. */
function stat(pid: number, name: string, [start, own, reaped, pages]: readonly number[]): string {
  return `${pid} (${name}) S 1 ${pid} ${pid} 0 -1 4194560 9 8 7 6 ${own} 2 ${reaped} 3 20 0 1 0 ${start} 5000 ${pages} 18446744073709551615 1 1`;
}

Deno.test("parseSample() reads the time, the size of a page, and the processes", () => {
  const text = ["page 4", "8642.50 12000.25", stat(7, "sh", [864_000, 10, 20, 300]), ""].join("\n");
  const process = { pid: 7, parent: 1, start: 864_000, ownTicks: 12, reapedTicks: 23, pages: 300 };
  assertEquals(parseSample(text), { at: 864_250, pageSize: 4_096, processes: [process] });
  assertEquals(parseSample(stat(7, "sh", [1, 1, 1, 1])), null);
  assertEquals(parseSample("1.00 2.00\npage "), { at: 100, pageSize: null, processes: [] });
});

Deno.test("parseSample() reads a process whatever its name is", () => {
  const names = fc.stringMatching(/^[^\n]{0,20}$/);
  fc.assert(fc.property(names, (name) => {
    const sample = parseSample(`1.00 2.00\n${stat(7, name, [1, 10, 20, 300])}`);
    assertEquals(sample?.processes.map(({ parent, start, pages }) => [parent, start, pages]), [[1, 1, 300]]);
  }));
  const sample = parseSample(`1.00 2.00\n${stat(7, ") Z 99 (\r\u2028a) R 4", [1, 10, 20, 300])}`);
  assertEquals(sample?.processes.map(({ parent }) => parent), [1]);
});

Deno.test("parseSample() ignores invalid lines", () => {
  const good = [stat(7, "sh", [1, 10, 20, 300]), "page 16", "1.00 2.00", stat(8, "a b", [2, 1, 2, 3])];
  const expected = parseSample(good.join("\n"));
  const cut = fc.nat(good[0]!.length - 40).map((length) => good[0]!.slice(0, length));
  const text = fc.string({ unit: "binary" }).map((line) => line.replaceAll("\n", " "));
  const bad = fc.oneof(cut, text, fc.constantFrom("page x", "page -1", "1.00", "-1.00 2.00", "NaN NaN"));
  fc.assert(fc.property(fc.array(bad, { minLength: 5, maxLength: 5 }), (lines) => {
    const mixed = good.flatMap((line, index) => [lines[index]!, line]).concat(lines[4]!);
    assertEquals(parseSample(mixed.join("\n")), expected);
  }));
});
