import { ByteBudget } from "../../../lib/http/byte_budget.ts";
import { TextResponse } from "../../../lib/http/responses.ts";
import { UnsentTexts } from "../../../lib/http/unsent_texts.ts";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const request = new Request("http://localhost/");
const text = "a\u{1f600}".repeat(200_000);

Deno.test("UnsentTexts.respond() sends large texts piece by piece and unchanged, others at once", async () => {
  const unsent = new UnsentTexts(new ByteBudget(1e9));
  const init = { status: 201, headers: { "x-kept": "yes" } };
  const large = unsent.respond(request, new TextResponse(text, init));
  assertEquals([large.status, large.headers.get("x-kept"), large instanceof TextResponse], [
    201,
    "yes",
    false,
  ]);
  let pieces = 0;
  let received = "";
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for await (const piece of large.body!) {
    assert(piece.length <= 4 * 16_388);
    // The decoder throws if a piece ends within a character.
    received += decoder.decode(piece);
    pieces++;
  }
  assertEquals([received === text, pieces], [true, 61]);
  for (const other of [new TextResponse("short", {}), new Response(text)]) {
    assertStrictEquals(unsent.respond(request, other), other);
  }
  const head = new TextResponse(text, {});
  assertStrictEquals(unsent.respond(new Request(request.url, { method: "HEAD" }), head), head);
});

Deno.test("UnsentTexts.stream() counts each text once until it is read or cancelled, and refuses too many", async () => {
  const budget = new ByteBudget(500);
  const unsent = new UnsentTexts(budget);
  const [first, second] = ["a".repeat(100), "b".repeat(100)];
  const streams = [first, first, second, first].map((text) => unsent.stream(text));
  assertEquals(budget.taken, 400);
  assertEquals(unsent.stream("c".repeat(100)), null);
  await streams[2]!.cancel();
  assertEquals(budget.taken, 200);
  assertEquals(await new Response(streams[0]).text(), first);
  await streams[1]!.cancel();
  assertEquals(budget.taken, 200);
  assertEquals(await new Response(streams[3]).text(), first);
  assertEquals(budget.taken, 0);
});

Deno.test("UnsentTexts.stream() disconnects a peer that reads nothing for 30 s, and no other", async () => {
  using clock = new FakeClock();
  const budget = new ByteBudget(1e9);
  const unsent = new UnsentTexts(budget);
  const slow = unsent.stream(text)!.getReader();
  const stuck = unsent.stream("stuck")!.getReader();
  for (let second = 0; second < 40; second += 10) {
    assertEquals((await slow.read()).done, false);
    clock.pass(10_000);
  }
  assertEquals(budget.taken, 2 * text.length);
  await assertRejects(() => stuck.read(), Error, "The peer reads nothing");
  clock.pass(40_000);
  await assertRejects(() => slow.read(), Error, "The peer reads nothing");
  assertEquals([budget.taken, clock.pending], [0, 0]);
});

Deno.test("UnsentTexts.count() counts medium responses until they are sent, and sends them piece by piece beyond 16 MiB", async () => {
  const unsent = new UnsentTexts(new ByteBudget(1e9));
  const medium = "ä".repeat(100_000);
  const respond = () => unsent.respond(request, new TextResponse(medium, { headers: { "x-kept": "yes" } }));
  const sent = Promise.withResolvers<void>();
  const counted = unsent.count(request, respond(), { completed: sent.promise });
  assertEquals([counted.headers.get("content-length"), counted.headers.get("x-kept")], ["200000", "yes"]);
  assertEquals(await counted.text(), medium);
  assertEquals(unsent.wholeBytes, 200_000);
  // The bytes of a response whose connection fails are no longer counted.
  const failed = Promise.withResolvers<void>();
  while (unsent.wholeBytes <= 16 * 1024 * 1024) {
    unsent.count(request, respond(), { completed: failed.promise });
  }
  const paced = respond();
  assertEquals([paced instanceof TextResponse, await paced.text()], [false, medium]);
  sent.resolve();
  failed.reject(new Error("The peer is gone"));
  await failed.promise.catch(() => {});
  assertEquals([unsent.wholeBytes, respond() instanceof TextResponse], [0, true]);
  const small = new TextResponse("small", {});
  assertStrictEquals(unsent.count(request, small, { completed: sent.promise }), small);
  const head = new TextResponse(medium, {});
  const toHead = new Request(request.url, { method: "HEAD" });
  // The response to HEAD needs a body, from which the server computes the length, but the body is not sent
  // and not counted.
  assertEquals(await unsent.count(toHead, head, { completed: sent.promise }).text(), medium);
  assertEquals(unsent.wholeBytes, 0);
});

Deno.test("UnsentTexts.count() counts the bytes that a real connection has not read, until it is closed", async () => {
  const unsent = new UnsentTexts(new ByteBudget(1e9));
  const waiting = new Set<Promise<void>>();
  const isFull = Promise.withResolvers<void>();
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request, info) => {
    const response = unsent.count(request, new TextResponse("x".repeat(200_000), {}), info);
    const done = info.completed.catch(() => {}).then(() => void waiting.delete(done));
    waiting.add(done);
    // The buffers of a connection hold a few megabytes, so some of the responses wait.
    if (waiting.size === 20) isFull.resolve();
    return response;
  });
  const connections = await Promise.all(Array.from({ length: 20 }, async () => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
    await connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(100)));
    return connection;
  }));
  await isFull.promise;
  assert(unsent.wholeBytes >= 20 * 200_000);
  for (const connection of connections) connection.close();
  while (waiting.size > 0) await Promise.all(waiting);
  assertEquals(unsent.wholeBytes, 0);
});

Deno.test("UnsentTexts.stream() sends a response in parts, and counts only the part that waits", async () => {
  const budget = new ByteBudget(500);
  const unsent = new UnsentTexts(budget);
  const parts = ["b".repeat(150), "c".repeat(50)];
  const taken: number[] = [];
  const more = () => {
    taken.push(budget.taken);
    return Promise.resolve(parts.shift() ?? null);
  };
  const body = unsent.stream("a".repeat(100), more);
  assertEquals(await new Response(body).text(), "a".repeat(100) + "b".repeat(150) + "c".repeat(50));
  assertEquals([taken, budget.taken], [[200, 300, 100], 0]);
});

Deno.test("UnsentTexts.stream() fails if the next part cannot be read, or exceeds the budget", async () => {
  const budget = new ByteBudget(500);
  const unsent = new UnsentTexts(budget);
  const other = unsent.stream("x".repeat(100))!;
  for (
    const [more, reason] of [
      [() => Promise.reject(new Error("damaged")), "damaged"],
      [() => Promise.resolve("b".repeat(250)), "Too much data"],
    ] as const
  ) {
    await assertRejects(() => new Response(unsent.stream("a", more)).text(), Error, reason);
    assertEquals(budget.taken, 200);
  }
  await other.cancel();
  assertEquals(budget.taken, 0);
});

Deno.test("UnsentTexts.stream() keeps a peer that waits for the server, and sends nothing to one that has disconnected", async () => {
  using clock = new FakeClock();
  const budget = new ByteBudget(500);
  const unsent = new UnsentTexts(budget);
  const next = Promise.withResolvers<string | null>();
  const reader = unsent.stream("a", () => next.promise)!.getReader();
  assertEquals((await reader.read()).value?.length, 1);
  await clock.passAsync(60_000);
  next.resolve("bc");
  assertEquals((await reader.read()).value?.length, 2);
  const late = Promise.withResolvers<string | null>();
  const leaving = unsent.stream("d", () => late.promise)!.getReader();
  await leaving.read();
  await leaving.cancel();
  late.resolve("ef");
  await late.promise;
  await reader.cancel();
  assertEquals(budget.taken, 0);
});
