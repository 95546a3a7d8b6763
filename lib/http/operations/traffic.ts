/**
 * Counts what was asked and how it was answered, for who sees to the server. A few additions for each request, as some are
 * answered in microseconds.
 *
 * @module
 */

/** Requests of one kind. */
export interface RequestCount {
  /** The first segment of the path, where it is one that there is; else `other`. */
  readonly root: string;
  /** The first digit of the status. */
  readonly statusClass: number;
  readonly count: number;
}

/** Counts requests by a bounded set of names. */
export class Traffic {
  readonly #roots: ReadonlySet<string>;
  /** For each root, requests by the first digit of the status. */
  readonly #requests: Map<string, number[]> = new Map();
  readonly #problems: Map<string, number> = new Map();

  /** @param roots the first segments of paths that there are */
  constructor(roots: Iterable<string>) {
    this.#roots = new Set(roots);
  }

  /** Requests so far. */
  get requests(): RequestCount[] {
    return [...this.#requests].flatMap(([root, counts]) =>
      counts.flatMap((count, statusClass) => count === 0 ? [] : [{ root, statusClass, count }])
    );
  }

  /** Refusals and failures so far, by their codes. */
  get problems(): ReadonlyMap<string, number> {
    return this.#problems;
  }

  /** Counts an answer. */
  answered(root: string, status: number): void {
    const name = this.#roots.has(root) ? root : "other";
    let counts = this.#requests.get(name);
    if (counts === undefined) this.#requests.set(name, counts = [0, 0, 0, 0, 0, 0]);
    counts[Math.floor(status / 100)]!++;
  }

  /** Counts a refusal or a failure. */
  refused(code: string): void {
    this.#problems.set(code, (this.#problems.get(code) ?? 0) + 1);
  }
}
