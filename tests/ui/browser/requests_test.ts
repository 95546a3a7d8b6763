import { signal } from "@preact/signals";
import { BulkChanger } from "../../../ui/browser/bulk_changer.ts";
import { Cancellations } from "../../../ui/browser/cancellations.ts";
import { changeMany } from "../../../ui/browser/list_requests.ts";
import { send, UnknownOutcomeError } from "../../../ui/browser/requests.ts";
import type { BulkState } from "../../../ui/shared/view.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { EXAMPLE_FRAME } from "../../support/example_page.ts";

const UNREADABLE = "The response is not from Taskscope. Reload the page; you may have to sign in again";

/** A server on this machine. */
class Answering implements AsyncDisposable {
  /** Answers the next requests. */
  answer: (request: Request) => Response | Promise<Response>;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(answer: (request: Request) => Response | Promise<Response>) {
    this.answer = answer;
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (it) => this.answer(it));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** The answer of a proxy that wants the user to sign in. */
function signIn(): Response {
  return new Response("<h1>Sign in</h1>", { headers: { "content-type": "text/html" } });
}

Deno.test("send() returns JSON, and null if there is no content; rejects a response that is neither, or is cut", async () => {
  await using server = new Answering(() => Response.json({ done: [] }));
  assertEquals(await send(server.url, { method: "POST" }), { done: [] });
  server.answer = () => new Response(null, { status: 204 });
  assertEquals(await send(server.url, { method: "DELETE" }), null);
  for (const method of ["GET", "POST"]) {
    server.answer = signIn;
    await assertRejects(() => send(server.url, { method }), Error, UNREADABLE);
  }
  // The connection breaks before, or in the middle of, the response.
  const cut = () => new ReadableStream({ pull: (controller) => controller.error(new Error("cut")) });
  server.answer = () => new Response(cut(), { headers: { "content-type": "application/json" } });
  await assertRejects(() => send(server.url, {}), Error, "Cannot reach the server");
  await assertRejects(() => send(server.url, { method: "POST" }), UnknownOutcomeError, "may have been made");
  server.answer = () => new Response("<h1>Bad gateway</h1>", { status: 502 });
  await assertRejects(() => send(server.url, {}), Error, "The server responded with status 502");
});

Deno.test("BulkChanger.change() works again after a response that is not from the server", async () => {
  await using server = new Answering(signIn);
  const state = signal<BulkState>({ kind: "idle" });
  using bulk = new BulkChanger(state, {
    send: (action, ids) => changeMany({ ...EXAMPLE_FRAME, basePath: server.url }, action, ids),
    announce: () => {},
    cancellations: new Cancellations(),
    undoSeconds: 5,
  });
  for (const answer of [signIn, () => Response.json({ sign_in: "/login" }), () => Response.json(null)]) {
    server.answer = answer;
    assertEquals(await bulk.change("retry", ["a"]), ["a"]);
    assertEquals(state.value, { kind: "done", text: `${UNREADABLE}.`, isProblem: true, undo: 0 });
  }
  server.answer = async (request) =>
    Response.json({ done: (await request.formData()).getAll("id"), failed: [] });
  assertEquals(await bulk.change("retry", ["a"]), []);
  assertEquals(state.value, { kind: "done", text: "1 task retried.", isProblem: false, undo: 0 });
});
