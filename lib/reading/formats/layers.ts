/**
 * Recognises programs that draw one row for each of several concurrent items, and counts the finished rows. Pure.
 *
 * @module
 */

import { counted, type Format, indeterminate, RANK, type Sighting } from "../reading.ts";

/** The maximum depth of nested tasks that are remembered. */
const MOST_LEVELS = 8;
/** The number of characters at the beginning of a task's name that stay the same if its verb changes its form. */
const ALIKE = 4;
/** The most rows that are remembered. */
const MOST_ROWS = 1_000;

/** Counts finished rows, by name. */
class RowCount {
  readonly #rows: Map<string, boolean> = new Map();
  readonly #format: string;
  readonly #unit: string;
  /** Whether the list of rows is complete; before, the total is unknown. */
  #isComplete = false;

  constructor(format: string, unit: string) {
    this.#format = format;
    this.#unit = unit;
  }

  /** The number of rows. */
  get size(): number {
    return this.#rows.size;
  }

  /** Gives a row another name. */
  rename(before: string, after: string): void {
    const isDone = this.#rows.get(before);
    if (isDone === undefined || this.#rows.has(after)) return;
    this.#rows.delete(before);
    this.#rows.set(after, isDone);
  }

  /** Notes a row. */
  see(name: string, isDone: boolean, status: string): Sighting | undefined {
    const isKnown = this.#rows.has(name);
    if (!isKnown && this.#rows.size >= MOST_ROWS) return undefined;
    // The list counts as complete once a known row changes, and as incomplete again if a new row appears.
    this.#isComplete = isKnown;
    this.#rows.set(name, isDone || (this.#rows.get(name) ?? false));
    const options = { rank: RANK.stated, unit: this.#unit, status };
    if (!this.#isComplete) return indeterminate(this.#format, options);
    const done = [...this.#rows.values()].filter(Boolean).length;
    return counted(this.#format, done, this.#rows.size, options);
  }
}

/** `5f70bf18a086: Downloading [====>      ]  12.3MB/45.6MB` */
const LAYER =
  /^([0-9a-f]{12}): (Pulling fs layer|Waiting|Downloading|Verifying Checksum|Download complete|Extracting|Pull complete|Already exists|Preparing|Pushing|Pushed|Layer already exists|Mounted from \S+)(?:\s|$)/;
const LAYER_DONE = /^(?:Pull complete|Already exists|Pushed|Layer already exists|Mounted)/;

/** Reads `docker pull` and `docker push`. */
export function dockerLayers(): Format {
  const layers = new RowCount("docker", "layers");
  return ({ text }) => {
    const [, id, step] = LAYER.exec(text) ?? [];
    if (id === undefined || step === undefined) return undefined;
    const status = /^(?:Push|Prep|Mount|Layer)/.test(step) ? "Pushing" : "Pulling";
    return layers.see(id, LAYER_DONE.test(step), status) ?? null;
  };
}

/** `Copying blob 5f70bf18a086 [====>----] 12.3MiB / 45.6MiB | 3.2 MiB/s`, `Copying blob 5f70bf18a086 done   |` */
const BLOB = /^Copying (?:blob|config) (?:sha256:)?([0-9a-f]{8,64})\b(.*)$/;

/** Reads podman, skopeo and buildah. */
export function podmanBlobs(): Format {
  const blobs = new RowCount("podman", "blobs");
  return ({ text }) => {
    const [, id, rest = ""] = BLOB.exec(text) ?? [];
    return id === undefined ? undefined : blobs.see(id, /\bdone\b|skipped/.test(rest), "Copying") ?? null;
  };
}

/** `[+] Running 1/2` of Docker Compose, and the rows below it. */
const COMPOSE =
  /^\[\+\] (?<what>Running|Pulling|Building|Creating|Starting|Stopping|up|down|pull) (\d+)\/(\d+)/;
const COMPOSE_ROW =
  /^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏✔✘⠿!] (?:\S+ )+?(?:Pulling|Pulled|Building|Built|Creat|Start|Stopp|Runn|Remov|Wait|Health|Download|Extract|Verif|Pull complete|Already|\[|\d)/;

/** Reads Docker Compose, version 2. */
export function compose(): Format {
  let isSeen = false;
  return ({ text, raw }) => {
    const match = COMPOSE.exec(text);
    if (match !== null) {
      isSeen = true;
      const [, status, done, total] = match;
      return counted("compose", Number(done), Number(total), {
        rank: RANK.stated,
        status,
        unit: "services",
      }) ?? null;
    }
    return isSeen && COMPOSE_ROW.test(raw.trim()) ? null : undefined;
  };
}

/** `web Pulling`, `web Pulled` of Docker Compose without a terminal; a layer is a part of an image. */
const SERVICE = /^([\w.-]{1,80}) (Pulling|Pulled|Skipped|Error)\s*$/;
const SERVICE_LAYER =
  /^[0-9a-f]{12} (?:Pulling|Waiting|Downloading|Verifying|Download|Extracting|Pull|Already)\b/;

/** Reads `docker compose pull` without a terminal. */
export function composePlain(): Format {
  const services = new RowCount("compose", "services");
  return ({ raw }) => {
    const text = raw.trim();
    if (SERVICE_LAYER.test(text)) return null;
    const [, name, step] = SERVICE.exec(text) ?? [];
    return name === undefined ? undefined : services.see(name, step !== "Pulling", "Pulling") ?? null;
  };
}

/**
 * `◼ Build`, `⠋ Build`, `✔ Build` of listr2 and others. A `○` is not a mark of pending tasks, because Jest marks skipped
 * tests with it.
 */
const LISTED = /^([◼◻]|[❯⠁-⣿]|[✔✓√✖✗↓]) (\S.{0,120}?)(?: \[[^\]]*\]| \([\d.]+m?s\))?$/u;

/** Reads lists of tasks with a mark for pending, running or done in front of each. Nested tasks are parts. */
export function taskList(): Format {
  /** The tasks, by their indentation. */
  const levels = new Map<number, RowCount>();
  /** The names of the tasks by their rows. */
  const names = new Map<number, string>();
  let isSeen = false;
  return ({ text, raw, row }) => {
    const [, mark = "", name] = LISTED.exec(text) ?? [];
    isSeen ||= /[◼◻]/.test(mark);
    if (name === undefined || !isSeen) return undefined;
    const indent = raw.search(/\S/);
    const tasks = levels.get(indent) ?? new RowCount("task list", "tasks");
    if (levels.size < MOST_LEVELS) levels.set(indent, tasks);
    // `Backing up` becomes `Backed up`.
    const before = names.get(row);
    if (before !== undefined && before !== name && isSameTask(before, name)) tasks.rename(before, name);
    if (names.size < MOST_ROWS) names.set(row, name);
    const sighting = tasks.see(name, /[✔✓√✖✗↓]/.test(mark), name) ?? null;
    const listed = [...levels].filter(([, { size }]) => size > 1).map(([level]) => level);
    return indent === Math.min(...listed) ? sighting : null;
  };
}

/** Whether two names may belong to the same task, because they begin with the same characters. */
function isSameTask(before: string, after: string): boolean {
  return before.slice(0, ALIKE) === after.slice(0, ALIKE);
}

/** `numpy-1.26.4         | 6.8 MB    | ###        |  32%` */
const CONDA = /^(\S+) +\| [\d.]+ [KMG]B +\| [#\d ]*\| +(\d{1,3})%/;

/** Reads conda and mamba. */
export function conda(): Format {
  const packages = new RowCount("conda", "packages");
  return ({ text }) => {
    const [, name, percent] = CONDA.exec(text) ?? [];
    return name === undefined ? undefined : packages.see(name, percent === "100", "Downloading") ?? null;
  };
}

/** `[a1/b2c3d0] process > align (sample_1) [ 12%] 1 of 8`, `[-        ] process > sort -` */
const PROCESS =
  /^\[(?:[0-9a-f]{2}\/[0-9a-f]{6}|- +)\] ?(?:process > )?(\S+)(?: \([^)]*\))? +(?:\[ *\d{1,3}%\] (\d+) of (\d+)|-)/;

/** Reads Nextflow: counts the tasks of all processes, once the number of tasks of each process is known. */
export function nextflow(): Format {
  const processes = new Map<string, readonly [number, number] | null>();
  return ({ text }) => {
    const [, name, done, total] = PROCESS.exec(text) ?? [];
    if (name === undefined) return undefined;
    if (processes.size < MOST_ROWS) {
      processes.set(name, total === undefined ? null : [Number(done), Number(total)]);
    }
    const counts = [...processes.values()];
    const options = { rank: RANK.stated, unit: "tasks" };
    if (counts.includes(null)) return indeterminate("nextflow", options);
    const sum = (side: 0 | 1) => counts.reduce((total, count) => total + (count?.[side] ?? 0), 0);
    return counted("nextflow", sum(0), sum(1), options) ?? null;
  };
}

/** `#7 [stage-1 2/7] RUN make`, `#7 DONE 3.0s`, `#6 sha256:5363 0B / 222.55MB 0.2s` */
const BUILD_STEP = /^#(\d+) \[(?:[\w.-]+ )*(\d+)\/(\d+)\] (.*)$/;
const BUILD_DONE = /^#(\d+) (?:DONE|CACHED)\b/;
const BUILD_LINE = /^#\d+ /;

/** Reads BuildKit with plain progress: counts the stages, and ignores the output of a stage. */
export function buildKit(): Format {
  const stages = new Map<
    string,
    { readonly number: number; readonly total: number; readonly status: string }
  >();
  let isSeen = false;
  return ({ raw }) => {
    const text = raw.trim();
    const [, id, number, total, status = ""] = BUILD_STEP.exec(text) ?? [];
    if (id !== undefined) {
      isSeen = true;
      const stage = { number: Number(number), total: Number(total), status };
      if (stages.size < MOST_ROWS) stages.set(id, stage);
      return stageSighting(stage, true);
    }
    const done = stages.get(BUILD_DONE.exec(text)?.[1] ?? "");
    if (done !== undefined) return stageSighting(done, false);
    return isSeen && BUILD_LINE.test(text) ? null : undefined;
  };
}

function stageSighting(
  { number, total, status }: { readonly number: number; readonly total: number; readonly status: string },
  isBeginning: boolean,
): Sighting | null {
  return counted("buildkit", number, total, { rank: RANK.stated, unit: "stages", status, isBeginning }) ??
    null;
}
