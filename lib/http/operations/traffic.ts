/**
 * Counts requests and error responses, for the metrics. Counting must cost no more than a few additions,
 * because some responses take only microseconds.
 *
 * @module
 */

/** The number of requests with a certain first path segment and class of status. */
export interface RequestCount {
  /** The first segment of the path; `other` if no route begins with it. */
  readonly root: string;
  /** The first digit of the status. */
  readonly statusClass: number;
  readonly count: number;
}

/**
 * Counts requests by the first segment of the path and the class of the status, and error responses by
 * problem code.
 */
export class Traffic {
  readonly #roots: ReadonlySet<string>;
  /** The number of requests, by the first segment of the path and then by the first digit of the status. */
  readonly #requests: Map<string, number[]> = new Map();
  readonly #problems: Map<string, number> = new Map();

  /** @param roots the first segments of the paths of all routes */
  constructor(roots: Iterable<string>) {
    this.#roots = new Set(roots);
  }

  /** The number of requests so far. */
  get requests(): RequestCount[] {
    return [...this.#requests].flatMap(([root, counts]) =>
      counts.flatMap((count, statusClass) => count === 0 ? [] : [{ root, statusClass, count }])
    );
  }

  /** The number of error responses so far, by problem code. */
  get problems(): ReadonlyMap<string, number> {
    return this.#problems;
  }

  /** Counts a response. */
  answered(root: string, status: number): void {
    const name = this.#roots.has(root) ? root : "other";
    let counts = this.#requests.get(name);
    if (counts === undefined) this.#requests.set(name, counts = [0, 0, 0, 0, 0, 0]);
    counts[Math.floor(status / 100)]!++;
  }

  /** Counts an error response. */
  refused(code: string): void {
    this.#problems.set(code, (this.#problems.get(code) ?? 0) + 1);
  }
}
