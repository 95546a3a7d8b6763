/**
 * Changes an environment variable for the duration of a test.
 *
 * @module
 */

/** An environment variable that a test changes; disposal restores its value. */
export class Variable implements Disposable {
  readonly #name: string;
  readonly #before: string | undefined;

  /** @param name the name of the variable, which is deleted until the test sets it */
  constructor(name: string) {
    this.#name = name;
    this.#before = Deno.env.get(name);
    Deno.env.delete(name);
  }

  /** Sets the variable. */
  set value(value: string) {
    Deno.env.set(this.#name, value);
  }

  [Symbol.dispose](): void {
    if (this.#before === undefined) Deno.env.delete(this.#name);
    else Deno.env.set(this.#name, this.#before);
  }
}
