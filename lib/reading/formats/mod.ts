/**
 * All formats, in the order in which they are tried. Pure.
 *
 * @module
 */

import type { Format } from "../reading.ts";
import { announced } from "./announced.ts";
import { builds } from "./builds.ts";
import { columns } from "./columns.ts";
import { curl } from "./curl.ts";
import { ffmpeg } from "./ffmpeg.ts";
import { foreignJson } from "./json.ts";
import {
  buildKit,
  compose,
  composePlain,
  conda,
  dockerLayers,
  nextflow,
  podmanBlobs,
  taskList,
} from "./layers.ts";
import { lftp } from "./lftp.ts";
import { liveSummary } from "./live_summary.ts";
import { mapReduce } from "./map_reduce.ts";
import { numbered } from "./numbered.ts";
import { bareBars, numbersInText } from "./numbers_in_text.ts";
import { objectLines } from "./object_lines.ts";
import { pip } from "./pip.ts";
import { planned } from "./planned.ts";
import { prove } from "./prove.ts";
import { protocols } from "./protocols.ts";
import { resultDots } from "./result_dots.ts";
import { rsync } from "./rsync.ts";
import { rulers } from "./rulers.ts";
import { scales } from "./scales.ts";
import { tqdm, training } from "./training.ts";
import { tap } from "./tap.ts";
import { tonedBars } from "./toned_bars.ts";
import { timeLeft } from "./time_left.ts";
import { transfers } from "./transfers.ts";
import { wget } from "./wget.ts";
import { xzFiles } from "./xz_files.ts";

/** A format, and whether it also needs lines without digits. */
export interface FormatEntry {
  readonly format: () => Format;
  readonly needsWords: boolean;
}

/** All formats: known programs first, then numbers in text. The first format that recognises a line decides. */
export const FORMATS: readonly FormatEntry[] = [
  ...withWords(
    ffmpeg,
    columns,
    rsync,
    wget,
    curl,
    dockerLayers,
    podmanBlobs,
    compose,
    composePlain,
    taskList,
  ),
  ...withWords(rulers, resultDots, prove, objectLines),
  ...withDigits(protocols, foreignJson, tap, liveSummary, tqdm, buildKit),
  ...withWords(planned, announced),
  ...withDigits(
    conda,
    nextflow,
    pip,
    lftp,
    xzFiles,
    scales,
    mapReduce,
    transfers,
    builds,
    training,
    numbered,
    timeLeft,
    numbersInText,
  ),
  ...withWords(bareBars, tonedBars),
];

function withWords(...formats: readonly FormatEntry["format"][]): readonly FormatEntry[] {
  return formats.map((format) => ({ format, needsWords: true }));
}

function withDigits(...formats: readonly FormatEntry["format"][]): readonly FormatEntry[] {
  return formats.map((format) => ({ format, needsWords: false }));
}
