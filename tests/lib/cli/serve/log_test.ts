import { Log, LOG_LEVELS, type LogFormat, type LogLevel } from "../../../../lib/cli/serve/log.ts";
import { assert, assertEquals, assertMatch } from "../../../support/assert.ts";

function logTo(lines: string[], format: LogFormat, level: LogLevel = "info"): Log {
  return new Log({ format, level, write: (line) => lines.push(line) });
}

Deno.test('Log "pretty" writes one line per message, and a logged text cannot add lines', () => {
  const lines: string[] = [];
  const log = logTo(lines, "pretty");
  log.info("started", "it began");
  log.warn("notice", "a name\n2026-01-01 forged line\x1b[31m\r\u2028taskscope: all is well");
  log.error("unexpected", new Error("broke\nhere"));
  assertEquals(lines.slice(0, 2), [
    "taskscope: it began",
    "taskscope: a name 2026-01-01 forged line taskscope: all is well",
  ]);
  assertEquals(lines[2], "taskscope: broke here");
  assertMatch(lines.at(-1)!, /^ {4}at /);
  assert(lines.every((line) => !/\p{Cc}|\u2028/u.test(line)));
});

Deno.test('Log "json" writes one line of JSON per message', () => {
  const lines: string[] = [];
  const log = logTo(lines, "json");
  log.warn("notice", 'with "quotes"\nand a line');
  log.error("unexpected", new Error("broke"));
  log.error("unexpected", "text");
  const [notice, error, text] = lines.map((line) => JSON.parse(line));
  assertEquals(Object.keys(notice), ["time", "level", "event", "message"]);
  assertEquals([notice.level, notice.event, notice.message], ["warn", "notice", 'with "quotes"\nand a line']);
  assertMatch(notice.time, /^\d{4}-\d\d-\d\dT.*Z$/);
  assertEquals([error.message, typeof error.stack], ["broke", "string"]);
  assertEquals([text.message, "stack" in text], ["text", false]);
  assert(lines.every((line) => !line.includes("\n")));
});

Deno.test("Log drops messages below its level, and truncates long messages", () => {
  const said = LOG_LEVELS.map((level) => {
    const lines: string[] = [];
    const log = logTo(lines, "json", level);
    log.info("a", "i");
    log.warn("b", "w");
    log.error("c", "e");
    return lines.map((line) => JSON.parse(line).message).join("");
  });
  assertEquals(said, ["e", "we", "iwe"]);
  const lines: string[] = [];
  logTo(lines, "json").warn("notice", "x".repeat(1_000_000));
  logTo(lines, "pretty").warn("notice", "x".repeat(1_000_000));
  assert(lines.every((line) => line.length < 9_000));
});
