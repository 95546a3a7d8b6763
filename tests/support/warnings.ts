// deno-lint-ignore-file no-console -- it captures what is written to the console
/**
 * Captures console warnings of the code under test.
 *
 * @module
 */

/** Captures console warnings until it is disposed of. */
export class Warnings implements Disposable {
  /** The warnings captured so far, in order. */
  readonly texts: string[] = [];
  readonly #warn = console.warn;

  constructor() {
    console.warn = (...parts: unknown[]) => this.texts.push(parts.join(" "));
  }

  [Symbol.dispose](): void {
    console.warn = this.#warn;
  }
}
