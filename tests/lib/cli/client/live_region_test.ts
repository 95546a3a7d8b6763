import fc from "fast-check";
import { LiveRegion } from "../../../../lib/cli/client/live_region.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { Screen } from "../../../support/screen.ts";

const COLUMNS = 20;
const ROWS = 6;

Deno.test("LiveRegion.draw() replaces its own lines and keeps the lines above them", () => {
  const line = fc.string({ minLength: 1, maxLength: COLUMNS - 1 }).map((text) =>
    text.replaceAll(/^ | $/g, "x")
  );
  const draw = fc.record({
    lines: fc.array(line, { maxLength: ROWS - 1 }),
    above: fc.array(line, { maxLength: 3 }),
  });
  fc.assert(fc.property(fc.array(draw, { minLength: 1, maxLength: 20 }), (draws) => {
    const screen = new Screen(COLUMNS, ROWS);
    const region = new LiveRegion((text) => screen.write(text), () => ({ columns: COLUMNS, rows: ROWS }));
    const above: string[] = [];
    for (const draw of draws) {
      region.draw(draw.lines, draw.above);
      above.push(...draw.above);
      assertEquals(screen.lines, [...above, ...draw.lines]);
      assert(screen.isClean);
    }
  }));
});

Deno.test("LiveRegion.draw() clears lines that a narrower terminal has wrapped", () => {
  let columns = 40;
  const written: string[] = [];
  const region = new LiveRegion((text) => written.push(text), () => ({ columns, rows: 10 }));
  region.draw(["\x1b[36m" + "x".repeat(39) + "\x1b[0m", "日本語", ""]);
  columns = 15;
  region.draw(["short"]);
  columns = 5;
  region.draw([]);
  assertEquals(written.slice(1), ["\r\x1b[5Ashort\x1b[K\n\x1b[J", "\r\x1b[1A\x1b[J"]);
});

Deno.test("LiveRegion.draw() drops lines beyond the height of the terminal", () => {
  const screen = new Screen(COLUMNS, 3);
  const region = new LiveRegion((text) => screen.write(text), () => ({ columns: COLUMNS, rows: 3 }));
  region.draw(["1", "2", "3"]);
  region.draw(["a", "b", "c"]);
  assertEquals(screen.lines, ["a", "b"]);
});

Deno.test("LiveRegion.draw() clears the echo of Ctrl-C", () => {
  const screen = new Screen(COLUMNS, ROWS);
  const region = new LiveRegion((text) => screen.write(text), () => ({ columns: COLUMNS, rows: ROWS }));
  region.draw(["live"]);
  screen.write("^C");
  region.draw(["live"]);
  assertEquals(screen.lines, ["live"]);
  assert(screen.isClean);
});
