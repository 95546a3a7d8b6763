import { counted, type Format } from "../reading.ts";

/** `1048576 bytes (1.0 MB, 1.0 MiB) copied, 1 s, 1.0 MB/s`; elsewhere `… transferred in 1.0 secs (…)` */
const COPIED = /^(\d+) bytes(?: \([^)]*\))?(?: copied, | transferred | transferred in )[\d.]+ ?s(?:ecs)?\b/;

/** Reads the output of dd, which never states a total. */
export function dd(): Format {
  return (text) => {
    const match = COPIED.exec(text);
    return match === null ? undefined : counted(Number(match[1]), null, { unit: "B" });
  };
}
