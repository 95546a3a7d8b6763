import { assertEquals } from "../../support/assert.ts";
import { progressOf } from "../../support/reading.ts";

/**
 * Returns the progress that is read from three versions of an object that is printed over several lines; `#`
 * stands for 3, 5 and 7.
 */
function objectsOf(lines: string): ReturnType<typeof progressOf> {
  return progressOf([3, 5, 7].flatMap((count) => lines.replaceAll("#", `${count}`).split("\n")));
}

Deno.test("objectLines() reads objects that are printed over several lines, once their numbers have risen", () => {
  assertEquals(objectsOf("{\n  percentage: #.147777777777778,\n  transferred: 989696,\n  eta: 46\n}"), [7]);
  assertEquals(objectsOf('{\n  "name": "a.txt",\n  "completed": #,\n  "total": 10\n}'), [70]);
  assertEquals(objectsOf("upload {\n  parts: [\n    { percent: 1 },\n  ],\n  percent: #\n}"), [7]);
  // A line that another format recognizes is still read by that format.
  assertEquals(objectsOf("{\n  id: 1,\n  progress: #\n}"), [7]);
});

Deno.test("objectLines() ignores levels and nested objects", () => {
  for (
    const lines of [
      "cpu {\n  percent: #,\n  cores: 4\n}",
      '{\n  "metric": "memory",\n  "percent": #,\n  "free": 4\n}',
      '{\n  "cpu": {\n    "percent": #,\n    "cores": 4\n  },\n  "id": 4\n}',
    ]
  ) {
    assertEquals(objectsOf(lines), [], lines);
  }
});
