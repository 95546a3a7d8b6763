import { counted, type Format, numberOf } from "../reading.ts";

/** `remote: Compressing objects:  42% (420/1000), 1.20 MiB | 500.00 KiB/s` */
const PHASE = /^(?:remote: )?([A-Z][\w '-]{2,60}):\s+\d{1,3}% \((\d+)\/(\d+)\)/;

/** Reads the output of git and similar programs. Each phase counts from 0. */
export function git(): Format {
  return (text) => {
    const match = PHASE.exec(text);
    if (match === null) return undefined;
    const [, phase = "", current = "", total = ""] = match;
    const unit = /\b(objects|deltas|files)$/.exec(phase)?.[1];
    return counted(numberOf(current), numberOf(total), { status: phase, unit });
  };
}
