/**
 * Responds to `GET /metrics`. The library that formats metrics is loaded by the first request.
 *
 * @module
 */

import type { Metrics, MetricSources } from "./metrics.ts";

/** The content type of the text format of Prometheus, version 0.0.4. */
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Responds with the metrics. */
export class MetricsEndpoint implements Disposable {
  readonly #sources: MetricSources;
  #metrics: Promise<Metrics> | undefined;

  /** @param sources the sources of the metrics' values */
  constructor(sources: MetricSources) {
    this.#sources = sources;
  }

  /** `GET /metrics` */
  async answer(): Promise<Response> {
    this.#metrics ??= this.#load();
    const headers = {
      "content-type": CONTENT_TYPE,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    };
    return new Response(await (await this.#metrics).text(), { headers });
  }

  [Symbol.dispose](): void {
    this.#metrics?.then((metrics) => metrics[Symbol.dispose](), () => {});
  }

  async #load(): Promise<Metrics> {
    try {
      const { Metrics } = await import("./metrics.ts");
      return new Metrics(this.#sources);
    } catch (error) {
      // The next request tries again, because files can be read again once others are closed.
      this.#metrics = undefined;
      throw error;
    }
  }
}
