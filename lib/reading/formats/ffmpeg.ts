/**
 * Recognises the statistics of ffmpeg and the output of its `-progress`. Pure.
 *
 * @module
 */

import { secondsOf } from "../numbers.ts";
import { counted, type Format, percentage, type Sighting } from "../reading.ts";

const CLOCK = String.raw`(\d{2,}:\d\d:\d\d(?:\.\d+)?)`;
const DURATION = new RegExp(String.raw`^\s+Duration: ${CLOCK}, `);
const UNKNOWN_DURATION = /^\s+Duration: N\/A, /;
const STATISTICS = new RegExp(String.raw`\b[a-zA-Z]*size=\s*\S+ time=\s*-?(?:${CLOCK}|N/A) bitrate=`);
const OUT_TIME = new RegExp(`^out_time=\\s*-?${CLOCK}$`);
/** The other lines of `-progress`; a block ends with its `progress=`. */
const KEY =
  /^(?:frame|fps|stream_\d+_\d+_\w+|bitrate|total_size|out_time\w*|dup_frames|drop_frames|speed)=|^progress=continue$/;

/** A message of one of ffmpeg's parts: `[libx264 @ 0x55d0c0ffee00] mb I I16..4: 30.0% 58.4% 11.6%`. */
const CHATTER = /^\[[\w:/#]+ @ 0x[0-9a-f]+\]/;

/**
 * Reads the statistics of ffmpeg, and the output of `-progress`. ffmpeg states the duration of the input only once, at
 * the beginning, and possibly on the other output.
 */
export function ffmpeg(): Format {
  let duration: number | null = null;
  return ({ text, raw }) => {
    const seconds = clockIn(DURATION, raw);
    if (seconds !== undefined) {
      // If there are several inputs, the longest one determines the duration, as in ffmpeg.
      duration = Math.max(duration ?? 0, seconds);
      return null;
    }
    if (UNKNOWN_DURATION.test(raw) || CHATTER.test(text)) return null;
    if (STATISTICS.test(text)) return at(clockIn(STATISTICS, text));
    if (text === "progress=end") return duration === null ? percentage("ffmpeg", 100) : at(duration);
    if (!KEY.test(text)) return undefined;
    return at(clockIn(OUT_TIME, text));
  };

  function at(seconds: number | undefined): Sighting | null {
    if (seconds === undefined) return null;
    const words = { unit: "s" };
    return counted("ffmpeg", seconds, duration, words) ?? counted("ffmpeg", seconds, null, words) ?? null;
  }
}

function clockIn(pattern: RegExp, text: string): number | undefined {
  const clock = pattern.exec(text)?.[1];
  return clock === undefined ? undefined : secondsOf(clock);
}
