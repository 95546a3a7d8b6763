import { ClientTurns } from "../../../lib/store/client_turns.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

/** Work that ends when the test says so. */
class Works {
  readonly begun: string[] = [];
  readonly #ends: Map<string, PromiseWithResolvers<string>> = new Map();
  readonly #turns: ClientTurns;

  constructor(most: number) {
    this.#turns = new ClientTurns(most);
  }

  /** Starts work; its name begins with its client. */
  run(name: string): Promise<string> {
    const end = Promise.withResolvers<string>();
    this.#ends.set(name, end);
    return this.#turns.run(name[0]!, () => {
      this.begun.push(name);
      return end.promise;
    });
  }

  end(name: string): void {
    this.#ends.get(name)!.resolve(name);
  }

  fail(name: string): void {
    this.#ends.get(name)!.reject(new Error(name));
  }
}

Deno.test("ClientTurns.run() runs one piece of work of a client at a time, and leaves room for other clients", async () => {
  const works = new Works(2);
  const results = ["a1", "a2", "b1", "c1", "a3"].map((name) => works.run(name));
  for (const name of ["b1", "c1", "a1", "a2", "a3"]) {
    works.end(name);
    assertEquals(await results[["a1", "a2", "b1", "c1", "a3"].indexOf(name)], name);
  }
  assertEquals(works.begun, ["a1", "b1", "c1", "a2", "a3"]);
});

Deno.test("ClientTurns.run() rejects if the work does, and goes on with the next", async () => {
  const works = new Works(1);
  const [failing, next] = [works.run("a1"), works.run("b1")];
  works.fail("a1");
  await assertRejects(() => failing, Error, "a1");
  works.end("b1");
  assertEquals(await next, "b1");
});
