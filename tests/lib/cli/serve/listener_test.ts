import { Listener } from "../../../../lib/cli/serve/listener.ts";
import { assert, assertEquals, assertThrows } from "../../../support/assert.ts";
import { until } from "../../../support/until.ts";

const HOST = "127.0.0.1";

/** A listener whose servers a test can stop. Deno stops them in the same way if file descriptors run out. */
class Fixture implements AsyncDisposable {
  readonly servers: Deno.HttpServer<Deno.NetAddr>[] = [];
  readonly failures: (string | null)[] = [];
  readonly listener: Listener;

  constructor(port = 0, handler: (request: Request) => Response = () => new Response("here")) {
    const serve = (port: number) => {
      const server = Deno.serve({ hostname: HOST, port, onListen: () => {} }, handler);
      this.servers.push(server);
      return server;
    };
    const onFailure = (reason: string | null) => this.failures.push(reason);
    this.listener = new Listener({ serve, hostname: HOST, port, onFailure });
  }

  async get(): Promise<string> {
    const response = await fetch(`http://${HOST}:${this.listener.port}/`, {
      headers: { connection: "close" },
    });
    return await response.text();
  }

  /**
   * Stops the newest server without telling the listener, and waits until the listener has started the next
   * server.
   */
  async fail(): Promise<void> {
    const before = this.listener.reopenings;
    void this.servers.at(-1)!.shutdown();
    await until(() => this.listener.reopenings > before);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.listener.shutdown();
  }
}

Deno.test("Listener serves again on the same port whenever its server has stopped, and reports that once", async () => {
  await using fixture = new Fixture();
  const { listener, failures } = fixture;
  const { port } = listener;
  assertEquals([await fixture.get(), listener.reopenings, failures], ["here", 0, []]);
  for (const count of [1, 2, 3]) {
    await fixture.fail();
    assertEquals([await fixture.get(), listener.reopenings, listener.port], ["here", count, port]);
  }
  assertEquals(failures, [null]);
});

Deno.test("Listener lets a response that is under way continue on the server that has stopped", async () => {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({ start: (given) => void (controller = given) });
  await using fixture = new Fixture(0, ({ url }) => new Response(url.endsWith("/slow") ? body : "here"));
  const response = await fetch(`http://${HOST}:${fixture.listener.port}/slow`);
  await fixture.fail();
  assertEquals(await fixture.get(), "here");
  controller!.enqueue(new TextEncoder().encode("late"));
  controller!.close();
  assertEquals(await response.text(), "late");
});

Deno.test("Listener retries while another process uses its port", async () => {
  await using fixture = new Fixture();
  const { port } = fixture.listener;
  await fixture.servers[0]!.shutdown();
  const other = Deno.listen({ hostname: HOST, port });
  await until(() => fixture.failures.length === 1);
  // The listener checks several times whether the port is free, while another program has it.
  for (let check = 0; check < 3; check++) await new Promise((resolve) => setTimeout(resolve, 500));
  assertEquals(fixture.listener.reopenings, 0);
  other.close();
  await until(() => fixture.listener.reopenings === 1);
  assertEquals(await fixture.get(), "here");
});

Deno.test("Listener throws if its port is taken at the start, and does not listen after its shutdown", async () => {
  await using first = new Fixture();
  const { port } = first.listener;
  assertThrows(() => new Fixture(port), Deno.errors.AddrInUse);
  await first.listener.shutdown();
  const refused = await Deno.connect({ hostname: HOST, port }).then(() => false, (error) => error);
  assert(refused instanceof Deno.errors.ConnectionRefused);
  assertEquals(first.failures, []);
});
