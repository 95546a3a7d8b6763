import { counted, type Format, numberOf, percentage, type Reading } from "../reading.ts";

const COUNT = String.raw`(\d[\d,]*(?:\.\d+)?)([kKMGTP]?)`;
const CLOCK = String.raw`(?:\d+:)?\d+:\d\d`;
/** `Hashing:  42%|████▏     | 42/100 [00:04<00:05, 10.00it/s]` */
const KNOWN = new RegExp(
  String.raw`^(.*?)\s*(\d{1,3})%\|.*\|\s*${COUNT}/${COUNT}\s\[${CLOCK}<[^,]*,([^\]]*)\]`,
);
/** `Hashing: 42it [00:04, 10.00it/s]` */
const UNKNOWN = new RegExp(String.raw`^(?:(.*?):?\s)?${COUNT}([^\s\d[\]]*)\s\[${CLOCK},([^\]]*)\]`);
const RATE = /^\s*(?:[\d.]+|\?)(?:([kKMGTP]?)(\D[^,]*?)\/s|s\/([^,]+?))\s*(?:,|$)/;
const SCALES = " kmgtp";

/** Reads the output of tqdm, with and without a total. */
export function tqdm(): Format {
  return (text) => known(text) ?? unknown(text);
}

function known(text: string): Reading | undefined {
  const match = KNOWN.exec(text);
  if (match === null) return undefined;
  const [, description = "", percent = "", current = "", scale = "", total = "", totalScale = "", rate = ""] =
    match;
  const words = { status: statusOf(description), unit: unitOf(rate, scale + totalScale !== "") };
  return counted(amountOf(current, scale), amountOf(total, totalScale), words) ??
    percentage(Number(percent), words);
}

function unknown(text: string): Reading | undefined {
  const match = UNKNOWN.exec(text);
  if (match === null) return undefined;
  const [, description = "", current = "", scale = "", unit = "", rate = ""] = match;
  if (!RATE.test(rate)) return undefined;
  return counted(amountOf(current, scale), null, { status: statusOf(description), unit: named(unit) });
}

function amountOf(number: string, scale: string): number {
  return Math.round(numberOf(number) * 1000 ** Math.max(0, SCALES.indexOf(scale.toLowerCase() || " ")));
}

/** The unit is only in the rate, there perhaps behind a scale of its own. */
function unitOf(rate: string, isScaled: boolean): string | null {
  const [, scale = "", perSecond, each] = RATE.exec(rate) ?? [];
  if (each !== undefined) return named(each);
  return named(isScaled ? perSecond ?? "" : scale + (perSecond ?? ""));
}

/** "it" is what tqdm says where nobody said anything. */
function named(unit: string): string | null {
  return unit === "it" || unit === "" ? null : unit;
}

function statusOf(description: string): string {
  return description.trim().replace(/:$/, "");
}
