import { counted, type Format } from "../reading.ts";

/** `tar: Write checkpoint 1000` */
const CHECKPOINT = /^\S*tar: (Write|Read) checkpoint (\d+)$/;

/** Reads the checkpoints of tar, which count records without a total. */
export function tar(): Format {
  return (text) => {
    const match = CHECKPOINT.exec(text);
    if (match === null) return undefined;
    const status = match[1] === "Write" ? "Writing" : "Reading";
    return counted(Number(match[2]), null, { unit: "records", status });
  };
}
