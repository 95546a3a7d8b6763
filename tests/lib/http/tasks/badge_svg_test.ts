import fc from "fast-check";
import { type Badge, badgeOf, badgeSvg, UNKNOWN_BADGE } from "../../../../lib/http/tasks/badge_svg.ts";
import type { Task } from "../../../../lib/task/task.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertStringIncludes,
} from "../../../support/assert.ts";
import { exampleTask, finishedTask } from "../../../support/example_task.ts";

const BLUE: Badge = { label: "nightly import", value: "42%", colour: "#0969da" };

Deno.test("badgeOf() shows the progress or the final state of a task", () => {
  const valueOf = (overrides: Partial<Task>) => badgeOf(exampleTask(overrides)).value;
  assertEquals(valueOf({ state: "NOT_STARTED", active: false }), "waiting");
  assertEquals(valueOf({ state: "STARTING" }), "running");
  assertEquals(valueOf({ progress: 42.9 }), "42%");
  assertEquals(valueOf({ progress: 99.99 }), "99%");
  assertEquals(
    valueOf({ progress: (29 / 100) * 100 }),
    "29%",
    "although the progress is a little less than 29",
  );
  assertEquals(valueOf({ progress: 0 }), "0%");
  assertEquals([valueOf({ stale: true }), valueOf({ stale: true, progress: 7 })], ["stale", "7%, stale"]);
  assertEquals(badgeOf(finishedTask({ name: "job" })), {
    label: "job",
    value: "finished",
    colour: "#1a7f37",
  });
  assertEquals(badgeOf(finishedTask({ state: "ERROR" })).value, "failed");
  assertEquals(badgeOf(finishedTask({ state: "CANCELLED" })).value, "cancelled");
});

/** Computes the contrast ratio between white and a colour, as defined by WCAG. */
function contrastWithWhite(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16) / 255)
    .map((share) => share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
  return 1.05 / (0.2126 * red! + 0.7152 * green! + 0.0722 * blue! + 0.05);
}

Deno.test("badgeSvg() renders text with sufficient contrast", () => {
  const states = (["NOT_STARTED", "PROCESSING", "FINISHED", "ERROR", "CANCELLED"] as const)
    .map((state) => badgeOf(exampleTask({ state })));
  const badges = [...states, badgeOf(exampleTask({ stale: true })), UNKNOWN_BADGE];
  const colours = badges.flatMap((badge) => [...badgeSvg(badge).matchAll(/fill="(#[0-9a-f]{6})"/g)]).map((
    [, colour],
  ) => colour!);
  assertEquals(colours.length, 2 * badges.length);
  for (const colour of colours) assertGreater(contrastWithWhite(colour), 4.5, colour);
});

Deno.test("badgeSvg() returns a small image without styles, scripts or external resources", () => {
  const svg = badgeSvg(BLUE);
  assertLess(svg.length, 1_000);
  assertStringIncludes(svg, 'role="img" aria-label="nightly import: 42%"');
  assertStringIncludes(svg, ">42%</text>");
  assert(!/style|script|href|\burl\((?!#)|@import|on\w+=/i.test(svg), svg);
  const [, width] = /width="(\d+)" height="20"/.exec(svg) ?? [];
  const widths = [...svg.matchAll(/textLength="(\d+)"/g)].map(([, length]) => Number(length) + 12);
  assertEquals(widths.reduce((sum, each) => sum + each, 0), Number(width));
});

Deno.test("badgeSvg() truncates a long label, and omits an empty one", () => {
  assertStringIncludes(badgeSvg({ ...BLUE, label: "😀".repeat(200) }), `>${"😀".repeat(59)}…</text>`);
  const svg = badgeSvg({ ...BLUE, label: "" });
  assertEquals([...svg.matchAll(/<text /g)].length, 1);
  assertEquals([...svg.matchAll(/<rect x=/g)].length, 1);
});

/** Checks that an SVG image has only the elements of a badge, and returns its texts. */
function textsOf(svg: string): string[] {
  const texts: string[] = [];
  const rest = svg.replace(/<(?:\/?(?:svg|title|clipPath|rect|g|text))(?: [a-zA-Z-]+="[^"<]*")*\/?>/g, "\n");
  for (const text of rest.split("\n")) {
    assert(!/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/.test(text), `${text} contains more than text`);
    if (text !== "") texts.push(text);
  }
  return texts;
}

Deno.test("badgeSvg() escapes the texts of any badge", () => {
  assertStringIncludes(
    badgeSvg({ ...BLUE, label: `</text><script>alert("1")</script>&'` }),
    "&lt;/text&gt;&lt;script&gt;",
  );
  const label = fc.oneof(
    fc.string({ unit: "binary", maxLength: 80 }),
    fc.array(fc.constantFrom('"', "<", "&", "'", ">", "]]>", "\0", "\ud800", "\n", "a", "\uffff"), {
      maxLength: 80,
    })
      .map((parts) => parts.join("")),
  );
  fc.assert(fc.property(label, (label) => {
    const svg = badgeSvg({ ...BLUE, label });
    assert(svg.isWellFormed());
    // deno-lint-ignore no-control-regex -- matches control characters on purpose
    assert(!/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(svg));
    assertEquals(textsOf(svg).at(-1), "42%");
  }));
});
