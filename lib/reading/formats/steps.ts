import { counted, type Format, numberOf, percentage } from "../reading.ts";

/** `[3/17] Building a.o` of ninja and yarn. */
const COUNTED = /^\s*\[\s*(\d+)\s?\/\s?(\d+)\s*\]\s*(.*)$/;
/** `[ 42%] Building a.o` of CMake. */
const PERCENT = /^\s*\[\s*(\d{1,3}(?:\.\d+)?)\s?%\s*\]\s*(.*)$/;
/** `Step 3/17 : RUN make` of docker, `#9 [stage 3/17] RUN make` of its successor. */
const STAGE = /^(?:Step|#\d+ \[(?:[\w.-]+ )?)\s*(\d+)\/(\d+)(?: :|\])\s*(.*)$/;

/** Reads the output of builds that number their steps: the number comes first, then the name of the step. */
export function steps(): Format {
  return (text) => {
    const [, current, total, step] = COUNTED.exec(text) ?? STAGE.exec(text) ?? [];
    if (current !== undefined && total !== undefined) {
      return counted(numberOf(current), numberOf(total), { status: named(step) });
    }
    const [, percent, what] = PERCENT.exec(text) ?? [];
    return percent === undefined ? undefined : percentage(Number(percent), { status: named(what) });
  };
}

function named(step: string | undefined): string | undefined {
  return step?.trim().slice(0, 200);
}
