import { lineFragment, parseLineRange } from "../../../ui/shared/line_range.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("parseLineRange() reads links to lines, which are counted from 1", () => {
  const table: [fragment: string, range: ReturnType<typeof parseLineRange>][] = [
    ["#L1", { from: 0, to: 0 }],
    ["#L120-140", { from: 119, to: 139 }],
    ["#L120-L140", { from: 119, to: 139 }],
    ["#L140-120", { from: 119, to: 139 }],
    ...["", "#", "#L", "#L0", "#L-1", "#L1-", "#L1.5", "#log-title", "#L1-2-3", `#L${"9".repeat(16)}`].map(
      (fragment) => [fragment, null] as [string, null],
    ),
  ];
  for (const [fragment, range] of table) assertEquals(parseLineRange(fragment), range, fragment);
  for (const range of [{ from: 0, to: 0 }, { from: 4, to: 9 }]) {
    assertEquals(parseLineRange(lineFragment(range)), range);
  }
});
