/**
 * Monitors generators: a task begins with the first `next()` of its generator, and ends when the generator
 * ends.
 *
 * @module
 */

import type { MaybePromise } from "../task/maybe_promise.ts";
import type { Run } from "./run.ts";
import { yieldToEventLoop } from "./yield.ts";

/** Whether a generator is resumed synchronously, or with promises. */
export type GeneratorKind = "sync" | "async";

/** A sync or async generator, with any type of argument for its `next()`. */
export type AnyGenerator = Generator<unknown, unknown, never> | AsyncGenerator<unknown, unknown, never>;

/** A run whose code is a generator. */
export interface GeneratorRun {
  readonly run: Run;
  readonly generator: AnyGenerator;
}

/** A generator that accepts any argument of `next()`, `return()` and `throw()`. */
type Resumable = Generator<unknown, unknown, unknown> | AsyncGenerator<unknown, unknown, unknown>;

/** The methods that resume a generator. */
type Method = "next" | "return" | "throw";

/** Returns the kind of a generator; `null` if the value is no generator, even if it is another iterator. */
export function generatorKind(value: unknown): GeneratorKind | null {
  if (typeof value !== "object" || value === null) return null;
  return kindNamed(value, "Generator", "AsyncGenerator");
}

/**
 * Returns the kind of generators that a function creates; `null` if the function is no generator function.
 */
export function generatorFunctionKind(fn: object): GeneratorKind | null {
  return kindNamed(fn, "GeneratorFunction", "AsyncGeneratorFunction");
}

/**
 * Returns the kind that the name of an object's type stands for. The name is compared because `instanceof`
 * fails for objects of another realm, such as a frame.
 */
function kindNamed(value: object, sync: string, async: string): GeneratorKind | null {
  try {
    const name = Object.prototype.toString.call(value);
    return name === `[object ${sync}]` ? "sync" : name === `[object ${async}]` ? "async" : null;
  } catch {
    // The value is a proxy that throws.
    return null;
  }
}

/**
 * Monitors a generator.
 *
 * @param kind the kind of the generator
 * @param source the generator and its run; or a function that begins the run, which is called by the first
 * `next()`
 * @returns a generator that behaves like the original one
 */
export function monitorGenerator(
  kind: GeneratorKind,
  source: GeneratorRun | (() => GeneratorRun),
): AnyGenerator {
  const task = new GeneratorTask(kind, source);
  const generator = kind === "sync" ? new MonitoredGenerator(task) : new MonitoredAsyncGenerator(task);
  // The other members of a generator are inherited, see the end of this file.
  return generator as unknown as AnyGenerator;
}

/**
 * Runs a generator to its end, and discards the values that it yields. If the run is cancelled, the generator
 * returns from where it is.
 *
 * @param run the run of the generator
 * @param generator the generator
 * @returns the generator's return value
 * @throws the abort reason if the generator returned because of a cancellation; any error of the generator
 */
export async function exhaust(run: Run, generator: AnyGenerator): Promise<unknown> {
  let isStopped = false;
  let method: Method = "next";
  for (;;) {
    const step = await run.call(() => (generator as Resumable)[method](undefined));
    if (step.done && isStopped) throw run.signal.reason;
    if (step.done) return step.value;
    await yieldToEventLoop(Date.now());
    method = run.signal.aborted && !isStopped ? "return" : "next";
    isStopped ||= run.signal.aborted;
  }
}

/** Ends the tasks of generators that were garbage-collected, because nothing can resume them any more. */
const DROPPED: FinalizationRegistry<Run> = new FinalizationRegistry((run) => {
  const error = new Error("The iterator was dropped before its end");
  // The stack trace is removed, because it would show only this callback.
  Object.assign(error, { name: "abandoned", stack: undefined });
  run.fail(run.signal.aborted ? run.signal.reason : error);
});

/** Resumes a generator, and reports how it ends. */
class GeneratorTask {
  readonly #kind: GeneratorKind;
  /** Begins the run; `null` if it has begun already. */
  #begin: (() => GeneratorRun) | null = null;
  #run: Run | null = null;
  #generator: AnyGenerator | null = null;

  constructor(kind: GeneratorKind, source: GeneratorRun | (() => GeneratorRun)) {
    this.#kind = kind;
    if (typeof source === "function") this.#begin = source;
    else this.#take(source);
  }

  /** Resumes the generator, and begins its run first if this is the first `next()`. */
  resume(method: Method, value: unknown): unknown {
    const generator = this.#generator ?? this.#open(method);
    const resume = () => (generator as Resumable)[method](value);
    return this.#run === null ? resume() : this.#run.call(resume);
  }

  /** Reports the end of the run if a step was the last one. */
  report(method: Method, { done, value }: IteratorResult<unknown>): void {
    if (!done || this.#run === null) return;
    const { aborted, reason } = this.#run.signal;
    // The caller stops iterating early, for example with `break`, perhaps because of a cancellation.
    if (method === "return" && aborted) this.fail(reason);
    else {
      this.#run.finish(value);
      DROPPED.unregister(this);
    }
  }

  /** Reports that the generator has thrown an error. */
  fail(error: unknown): void {
    this.#run?.fail(error);
    DROPPED.unregister(this);
  }

  /** Waits until the end of the run is committed, but no longer than {@linkcode Run.settled} does. */
  settled(): MaybePromise<void> {
    return this.#run?.settled();
  }

  #open(method: Method): AnyGenerator {
    // A generator that ends before its first `next()` runs no code, so no task is created for it.
    this.#generator = this.#kind === "sync" ? (function* () {})() : (async function* () {})();
    if (method === "next" && this.#begin !== null) this.#take(this.#begin());
    this.#begin = null;
    return this.#generator;
  }

  #take({ run, generator }: GeneratorRun): void {
    this.#run = run;
    this.#generator = generator;
    DROPPED.register(this, run, this);
  }
}

/** The methods of a monitored generator that differ from those of other generators. */
class MonitoredGenerator {
  readonly #task: GeneratorTask;
  #isRunning = false;

  constructor(task: GeneratorTask) {
    this.#task = task;
  }

  next(value?: unknown): IteratorResult<unknown> {
    return this.#resume("next", value);
  }

  return(value?: unknown): IteratorResult<unknown> {
    return this.#resume("return", value);
  }

  throw(error?: unknown): IteratorResult<unknown> {
    return this.#resume("throw", error);
  }

  #resume(method: Method, value: unknown): IteratorResult<unknown> {
    // The code of the generator resumes its own generator, which throws a `TypeError` in that code.
    if (this.#isRunning) return this.#task.resume(method, value) as IteratorResult<unknown>;
    this.#isRunning = true;
    try {
      const step = this.#task.resume(method, value) as IteratorResult<unknown>;
      this.#task.report(method, step);
      if (step.done) this.#settle();
      return step;
    } catch (error) {
      this.#task.fail(error);
      this.#settle();
      throw error;
    } finally {
      this.#isRunning = false;
    }
  }

  /** Keeps the process alive until the end of the task is committed, because the caller can't wait for it. */
  #settle(): void {
    void this.#task.settled();
  }
}

/** The methods of a monitored async generator that differ from those of other async generators. */
class MonitoredAsyncGenerator {
  readonly #task: GeneratorTask;
  /** The number of steps that are running or queued. */
  #steps = 0;
  #lastStep: Promise<void> = Promise.resolve();

  constructor(task: GeneratorTask) {
    this.#task = task;
  }

  next(value?: unknown): Promise<IteratorResult<unknown>> {
    return this.#enqueue("next", value);
  }

  return(value?: unknown): Promise<IteratorResult<unknown>> {
    return this.#enqueue("return", value);
  }

  throw(error?: unknown): Promise<IteratorResult<unknown>> {
    return this.#enqueue("throw", error);
  }

  #enqueue(method: Method, value: unknown): Promise<IteratorResult<unknown>> {
    // Native async generators queue steps, too, but resume a queued step without the current task.
    const step = this.#steps === 0
      ? this.#resume(method, value)
      : this.#lastStep.then(() => this.#resume(method, value));
    this.#steps++;
    const onEnd = () => void this.#steps--;
    this.#lastStep = step.then(onEnd, onEnd);
    return step;
  }

  async #resume(method: Method, value: unknown): Promise<IteratorResult<unknown>> {
    try {
      const step = await this.#task.resume(method, value) as IteratorResult<unknown>;
      this.#task.report(method, step);
      if (step.done) await this.#task.settled();
      return step;
    } catch (error) {
      this.#task.fail(error);
      await this.#task.settled();
      throw error;
    }
  }
}

// Monitored generators inherit what all generators have: `Symbol.iterator`, `Symbol.toStringTag`, and, where
// the runtime has them, methods such as `map()` and `Symbol.dispose`.
Object.setPrototypeOf(MonitoredGenerator.prototype, Object.getPrototypeOf(function* () {}.prototype));
Object.setPrototypeOf(
  MonitoredAsyncGenerator.prototype,
  Object.getPrototypeOf(async function* () {}.prototype),
);
