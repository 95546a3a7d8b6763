import { bytesOf, counted, type Format } from "../reading.ts";

/** `5f70bf18a086: Downloading [====>      ]  12.3MB/45.6MB` */
const LAYER =
  /^\s*([0-9a-f]{12}): (Pulling fs layer|Waiting|Downloading|Verifying Checksum|Download complete|Extracting|Pull complete|Already exists|Preparing|Pushing|Pushed|Layer already exists|Mounted from \S+)(?:\s+\[[=> ]*\]\s+([\d.]+)([kMGT]?)B(?:\/([\d.]+)([kMGT]?)B)?)?\s*$/;
/** Layers that are kept at most. */
const MOST_LAYERS = 1_000;

/** Reads the output of `docker pull` and `docker push`: counts layers, including fractions of those in progress. */
export function docker(): Format {
  const layers = new Map<string, number>();
  return (text) => {
    const match = LAYER.exec(text);
    if (match === null) return undefined;
    const [, id = "", step = "", part = "0", partScale, whole = "0", wholeScale] = match;
    const total = bytesOf(whole, wholeScale);
    const share = total > 0 ? Math.min(1, bytesOf(part, partScale) / total) : 0;
    if (!layers.has(id) && layers.size >= MOST_LAYERS) return null;
    layers.set(id, doneOf(step, share));
    const done = [...layers.values()];
    const complete = done.filter((share) => share === 1).length;
    const status = /^Push|^Prep|^Mount|^Layer/.test(step) ? "Pushing" : "Pulling";
    const reading = counted(complete, layers.size, { unit: "layers", status });
    const progress = done.reduce((sum, share) => sum + share, 0) / layers.size * 100;
    return reading === undefined ? null : { ...reading, progress };
  };
}

/** How much of a layer is done; a pull is half downloading, half extracting. */
function doneOf(step: string, share: number): number {
  switch (step) {
    case "Pulling fs layer":
    case "Waiting":
    case "Preparing":
      return 0;
    case "Pushing":
      return share;
    case "Downloading":
      return share / 2;
    case "Verifying Checksum":
    case "Download complete":
      return 0.5;
    case "Extracting":
      return 0.5 + share / 2;
    default:
      return 1;
  }
}
