/**
 * The progress formats, each a function that creates a reader. Pure.
 *
 * @module
 */

import type { Format } from "../reading.ts";
import { apt } from "./apt.ts";
import { curl } from "./curl.ts";
import { dd } from "./dd.ts";
import { docker } from "./docker.ts";
import { ffmpeg } from "./ffmpeg.ts";
import { fraction } from "./fraction.ts";
import { git } from "./git.ts";
import { jsonLines } from "./json_lines.ts";
import { percent } from "./percent.ts";
import { pip } from "./pip.ts";
import { rsync } from "./rsync.ts";
import { sizes } from "./sizes.ts";
import { steps } from "./steps.ts";
import { tar } from "./tar.ts";
import { tqdm } from "./tqdm.ts";
import { wget } from "./wget.ts";

/** In the order in which they are tried: formats of particular programs first, then general ones. */
export const FORMATS: readonly (() => Format)[] = [
  jsonLines,
  ffmpeg,
  tqdm,
  rsync,
  wget,
  curl,
  git,
  docker,
  dd,
  tar,
  pip,
  apt,
  steps,
  sizes,
  percent,
  fraction,
];
