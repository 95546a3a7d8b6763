// deno-lint-ignore-file no-console -- the console is what it listens to
/**
 * Captures console warnings of the code under test.
 *
 * @module
 */

/** Captures warnings until it is disposed of. */
export class Warnings implements Disposable {
  /** The captured warnings, in order. */
  readonly texts: string[] = [];
  readonly #warn = console.warn;

  constructor() {
    console.warn = (...parts: unknown[]) => this.texts.push(parts.join(" "));
  }

  [Symbol.dispose](): void {
    console.warn = this.#warn;
  }
}
