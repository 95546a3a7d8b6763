// deno-lint-ignore-file no-console -- the console is what it listens to
/**
 * What the code under test says on the console.
 *
 * @module
 */

/** Keeps warnings from the console until it is disposed. */
export class Warnings implements Disposable {
  /** As they came. */
  readonly texts: string[] = [];
  readonly #warn = console.warn;

  constructor() {
    console.warn = (...parts: unknown[]) => this.texts.push(parts.join(" "));
  }

  [Symbol.dispose](): void {
    console.warn = this.#warn;
  }
}
