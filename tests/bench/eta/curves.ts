/**
 * Synthetic progress of thirty jobs in ten kinds, on which estimates are judged. Every curve is seeded, so that
 * it is the same in every run.
 *
 * @module
 */

import type { UpdateChange } from "../../../lib/task/task.ts";
import { Random } from "./random.ts";

/** A report of a job. */
export interface CurveReport {
  /** Seconds since the start of the job. */
  readonly at: number;
  readonly update: Omit<UpdateChange, "type">;
}

/** The course of one job, which starts at 0. */
export interface Curve {
  readonly kind: string;
  readonly name: string;
  /** The reports, in the order of their times. */
  readonly reports: readonly CurveReport[];
  /** When the job ended, in seconds since its start. */
  readonly end: number;
  /** The spans in which the job paused, each up to the next report, in seconds since its start. */
  readonly pauses: readonly (readonly [from: number, to: number])[];
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The shape of a job that works through a known amount. */
interface Job {
  /** The duration without pauses and noise, in seconds. */
  readonly seconds: number;
  /** The interval between two steps, in seconds. */
  readonly every: number;
  /** The relative pace at a share of the duration; 1 by default. */
  readonly pace?: (share: number) => number;
  /** The standard deviation of the logarithm of each step's pace. */
  readonly noise?: number;
  /** The correlation between the deviations of a step and of the step before, from 0 to 1. */
  readonly inertia?: number;
  /** The standard deviation of the logarithm of each interval. */
  readonly jitter?: number;
  /** Pauses: at which share of the work, and for how many seconds. */
  readonly pauses?: readonly (readonly [share: number, seconds: number])[];
}

/** The course of a job's work. */
interface Course {
  /** The steps: seconds since the start, and the share of the work that is done. */
  readonly steps: readonly (readonly [at: number, share: number])[];
  readonly end: number;
  readonly pauses: Curve["pauses"];
}

function courseOf(random: Random, job: Job): Course {
  const { seconds, every, pace = () => 1, noise = 0, inertia = 0, jitter = 0 } = job;
  const count = Math.max(2, Math.round(seconds / every));
  const amounts: number[] = [];
  let deviation = noise * random.normal();
  for (let index = 0; index < count; index++) {
    amounts.push(pace((index + 0.5) / count) * Math.exp(deviation));
    deviation = inertia * deviation + noise * Math.sqrt(1 - inertia ** 2) * random.normal();
  }
  const total = amounts.reduce((sum, amount) => sum + amount, 0);
  const due = [...job.pauses ?? []];
  const pauses: [number, number][] = [];
  const steps: [number, number][] = [[0, 0]];
  let at = 0;
  let done = 0;
  for (const amount of amounts) {
    const [next] = due;
    if (next !== undefined && done / total >= next[0]) {
      pauses.push([at, at + next[1] + every]);
      at += next[1];
      due.shift();
    }
    at += every * Math.exp(jitter * random.normal());
    done += amount;
    steps.push([at, Math.min(1, done / total)]);
  }
  return { steps, end: at, pauses };
}

/** Returns the reports of a course in percent. */
function percentsOf({ steps }: Course, from = 0): CurveReport[] {
  return steps.map(([at, share]) => ({ at, update: { progress: from + share * (100 - from) } }));
}

/** Returns the reports of a course in counts. */
function countsOf({ steps }: Course, total: number): CurveReport[] {
  return steps.map(([at, share]) => ({ at, update: { current: Math.round(share * total), total } }));
}

/** Appends the reports of a second course, which starts at a time, to those of a first one. */
function then(before: readonly CurveReport[], at: number, after: readonly CurveReport[]): CurveReport[] {
  return [...before, ...after.map((report) => ({ ...report, at: at + report.at }))];
}

type Maker = (random: Random) => Omit<Curve, "kind" | "name">;

function percent(job: Job): Maker {
  return (random) => {
    const course = courseOf(random, job);
    return { ...course, reports: percentsOf(course) };
  };
}

function counted(total: number, job: Job): Maker {
  return (random) => {
    const course = courseOf(random, job);
    return { ...course, reports: countsOf(course, total) };
  };
}

/** Bursts of quick steps, with a silence between two bursts. */
function bursts(
  { rounds, steps, stepSeconds, quietSeconds, noise }: {
    readonly rounds: number;
    readonly steps: number;
    readonly stepSeconds: number;
    readonly quietSeconds: number;
    readonly noise: number;
  },
): Maker {
  return (random) => {
    const reports: CurveReport[] = [];
    const total = rounds * steps;
    let at = 0;
    for (let current = 0; current <= total; current++) {
      reports.push({ at, update: { current, total } });
      const isLast = current > 0 && current % steps === 0;
      at += (isLast ? quietSeconds : stepSeconds) * Math.exp(noise * random.normal());
    }
    return { reports, end: at, pauses: [] };
  };
}

/** A job that skips what an earlier run has done, and then does the rest. */
function resumed(share: number, skipSteps: number, skipSeconds: number, job: Job): Maker {
  return (random) => {
    const course = courseOf(random, job);
    const skipped = Array.from({ length: skipSteps }, (_, index): CurveReport => ({
      at: skipSeconds * index / skipSteps,
      update: { progress: 100 * share * index / skipSteps },
    }));
    return {
      reports: then(skipped, skipSeconds, percentsOf(course, 100 * share)),
      end: skipSeconds + course.end,
      pauses: [],
    };
  };
}

/** A job that fails and starts again at 0 before it succeeds. */
function restarted(failsAt: readonly number[], job: Job, last: Job = job): Maker {
  return (random) => {
    let reports: CurveReport[] = [];
    let end = 0;
    for (const share of [...failsAt, 1]) {
      const course = courseOf(random, share === failsAt[0] ? job : last);
      const steps = course.steps.filter(([, done]) => done <= share);
      reports = then(reports, end, percentsOf({ ...course, steps }));
      end += share === 1 ? course.end : steps.at(-1)![0] + job.every;
    }
    return { reports, end, pauses: [] };
  };
}

/** A job whose total grows while it runs: `totalAt` is the known share of the whole at a share of the work. */
function growing(total: number, totalAt: (share: number) => number, job: Job): Maker {
  return (random) => {
    const course = courseOf(random, job);
    const reports = course.steps.map(([at, share]) => {
      const current = Math.round(share * total);
      return { at, update: { current, total: Math.max(current, Math.round(totalAt(share) * total)) } };
    });
    return { ...course, reports };
  };
}

/** The pace of work that stops at night: a share of the full pace for half of each day. */
const atNight = (days: number, pace: number) => (share: number) => (share * days) % 1 < 0.5 ? 1 : pace;

const MAKERS: Readonly<Record<string, Readonly<Record<string, Maker>>>> = {
  "steady": {
    "video encoder": counted(28_800, { seconds: 20 * MINUTE, every: 1, noise: 0.1, inertia: 0.5 }),
    "short upload": percent({ seconds: 90, every: 0.25, noise: 0.3, jitter: 0.2 }),
    "noisy import": counted(90_000, { seconds: 40 * MINUTE, every: 2, noise: 0.8, inertia: 0.6 }),
  },
  "rare reports": {
    "every seven minutes": percent({ seconds: 3 * HOUR, every: 7 * MINUTE, noise: 0.1, jitter: 0.05 }),
    "ten steps": counted(10, { seconds: 15 * MINUTE, every: 90, jitter: 0.3 }),
    "training epochs": counted(25, { seconds: 5 * HOUR, every: 12 * MINUTE, jitter: 0.05 }),
  },
  "batches": {
    "batch each minute": bursts({ rounds: 30, steps: 10, stepSeconds: 0.2, quietSeconds: 58, noise: 0.15 }),
    "long bursts": bursts({ rounds: 16, steps: 40, stepSeconds: 1, quietSeconds: 120, noise: 0.2 }),
    "flushes of a buffer": counted(150_000, { seconds: 25 * MINUTE, every: 30, noise: 0.2, jitter: 0.6 }),
  },
  "resumed": {
    "jump to 60 %": resumed(0.6, 1, 0.5, { seconds: 8 * MINUTE, every: 1, noise: 0.3 }),
    "skipped files": resumed(0.45, 200, 4, { seconds: 30 * MINUTE, every: 2, noise: 0.5, inertia: 0.3 }),
    "verified parts": resumed(0.3, 60, 60, { seconds: 20 * MINUTE, every: 5, noise: 0.2 }),
  },
  "started again": {
    "failed at 70 %": restarted([0.7], { seconds: 10 * MINUTE, every: 1, noise: 0.3 }),
    "failed twice": restarted([0.3, 0.55], { seconds: 15 * MINUTE, every: 5, noise: 0.2 }),
    "second pass is faster": restarted([0.995], { seconds: 12 * MINUTE, every: 2, noise: 0.2 }, {
      seconds: 6 * MINUTE,
      every: 2,
      noise: 0.2,
    }),
  },
  "growing total": {
    "crawler": growing(4_000, (share) => 0.05 + 0.95 * Math.min(1, share * 1.25) ** 0.5, {
      seconds: 30 * MINUTE,
      every: 1,
      noise: 0.5,
      inertia: 0.5,
    }),
    "scan while copying": growing(20_000, (share) => Math.min(1, 0.1 + 1.5 * share), {
      seconds: 20 * MINUTE,
      every: 2,
      noise: 0.3,
    }),
    "total in three steps": growing(900, (share) => share < 0.2 ? 0.4 : share < 0.45 ? 0.75 : 1, {
      seconds: 10 * MINUTE,
      every: 1,
      noise: 0.2,
    }),
  },
  "slowing": {
    "large files last": percent({
      seconds: 30 * MINUTE,
      every: 3,
      pace: (share) => 1 / (0.3 + 2 * share),
      noise: 0.5,
      inertia: 0.3,
    }),
    "quadratic comparison": counted(50_000, {
      seconds: 12 * MINUTE,
      every: 1,
      pace: (share) => 1 - 0.75 * share,
      noise: 0.2,
    }),
    "full disk cache": percent({
      seconds: 15 * MINUTE,
      every: 1,
      pace: (share) => share < 0.2 ? 3 : 1,
      noise: 0.3,
      inertia: 0.5,
    }),
  },
  "accelerating": {
    "cache warm-up": counted(60_000, {
      seconds: 15 * MINUTE,
      every: 1,
      pace: (share) => 1 - 0.8 * Math.exp(-4 * share),
      noise: 0.3,
    }),
    "growing window": percent({ seconds: 5 * MINUTE, every: 0.5, pace: (share) => 0.25 + share, noise: 0.3 }),
    "workers join": counted(8_000, {
      seconds: 40 * MINUTE,
      every: 4,
      pace: (share) => 1 + Math.floor(Math.min(share * 2, 0.99) * 8),
      noise: 0.3,
    }),
  },
  "paused": {
    "ten minutes at 40 %": percent({ seconds: 30 * MINUTE, every: 1, noise: 0.3, pauses: [[0.4, 600]] }),
    "a third at 70 %": counted(5_000, { seconds: 8 * MINUTE, every: 1, noise: 0.3, pauses: [[0.7, 240]] }),
    "three short pauses": percent({
      seconds: 20 * MINUTE,
      every: 2,
      noise: 0.3,
      pauses: [[0.2, 120], [0.45, 90], [0.8, 150]],
    }),
  },
  "days": {
    "slower at night": counted(2_000_000, {
      seconds: 4 * DAY,
      every: 5 * MINUTE,
      pace: atNight(4, 0.4),
      noise: 0.2,
      inertia: 0.8,
    }),
    "steady for days": percent({ seconds: 2.5 * DAY, every: 10 * MINUTE, noise: 0.4, inertia: 0.7 }),
    "hourly report": counted(144, { seconds: 6 * DAY, every: HOUR, jitter: 0.35 }),
  },
};

/**
 * Returns the curves.
 *
 * @param seed another seed gives other curves of the same kinds
 */
export function progressCurves(seed = 1): Curve[] {
  return Object.entries(MAKERS).flatMap(([kind, makers], row) =>
    Object.entries(makers).map(([name, make], column): Curve => ({
      kind,
      name,
      ...make(new Random(1_000 * seed + 10 * row + column)),
    }))
  );
}
