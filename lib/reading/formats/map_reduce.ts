/**
 * Recognises the progress of Hadoop's jobs. Pure.
 *
 * @module
 */

import { type Format, percentage } from "../reading.ts";

/** `mapreduce.Job:  map 25% reduce 0%`, `Stage-1 map = 25%,  reduce = 0%` */
const HALVES = /\bmap (?:= )?(\d{1,3})%,? +reduce (?:= )?(\d{1,3})%/;

/** Reads the progress of Hadoop and Hive: mapping and reducing each count as half of a job. */
export function mapReduce(): Format {
  return ({ text }) => {
    const [, map, reduce] = HALVES.exec(text) ?? [];
    return map === undefined
      ? undefined
      : percentage("map reduce", (Number(map) + Number(reduce)) / 2) ?? null;
  };
}
