/**
 * Changes an environment variable for the duration of a test.
 *
 * @module
 */

/** A variable whose value is restored when disposed of. */
export class Variable implements Disposable {
  readonly #name: string;
  readonly #before: string | undefined;

  /** @param name the variable, which is unset */
  constructor(name: string) {
    this.#name = name;
    this.#before = Deno.env.get(name);
    Deno.env.delete(name);
  }

  /** Sets it. */
  set value(value: string) {
    Deno.env.set(this.#name, value);
  }

  [Symbol.dispose](): void {
    if (this.#before === undefined) Deno.env.delete(this.#name);
    else Deno.env.set(this.#name, this.#before);
  }
}
