/**
 * An environment variable, for the time of a test.
 *
 * @module
 */

/** A variable that gets its value back when it is disposed of. */
export class Variable implements Disposable {
  readonly #name: string;
  readonly #before: string | undefined;

  /** @param name the variable; it is unset from now on */
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
