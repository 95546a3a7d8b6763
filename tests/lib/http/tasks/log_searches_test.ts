import { nextTurn } from "../../../../lib/http/paced_text.ts";
import { LogSearches } from "../../../../lib/http/tasks/log_searches.ts";
import { Problem } from "../../../../lib/http/problem.ts";
import type { LogMatches } from "../../../../lib/store/log_search.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { call } from "../../../support/calls.ts";
import { startServer } from "../../../support/server.ts";

const QUERY = { text: "x", from: 0, to: Infinity, most: 1, keep: "newest" } as const;

Deno.test("LogSearches leaves slots for others, however many searches one client has", async () => {
  const running: PromiseWithResolvers<LogMatches>[] = [];
  const searches = new LogSearches({
    searchLog: () => {
      const search = Promise.withResolvers<LogMatches>();
      running.push(search);
      return search.promise;
    },
  });
  const start = (client: string, count: number) =>
    Array.from({ length: count }, () => searches.search(client, "t", QUERY));
  const refused = (client: string, reason: string) =>
    assertRejects(() => searches.search(client, "t", QUERY), Problem, reason);
  const first = start("a", 25);
  await refused("a", "Your share of the limit of 50");
  const second = start("b", 13);
  await refused("b", "Your share of the limit of 50");
  const third = start("c", 6);
  await refused("c", "Your share of the limit of 50");
  const result = { lines: [], index: 0, matches: 0, searched: 0 };
  for (const search of running.splice(0, 25)) search.resolve(result);
  await Promise.all(first);
  start("a", 16);
  await refused("a", "Your share of the limit of 50");
  // A search that fails frees its slot, too.
  for (const search of running.splice(0, 19)) search.reject(new Error("damaged"));
  await Promise.allSettled([...second, ...third]);
  start("b", 17);
  for (const search of running) search.resolve(result);
});

Deno.test("LogSearches.searchOn() waits for a free slot, and is never refused", async () => {
  const running: PromiseWithResolvers<LogMatches>[] = [];
  const searches = new LogSearches({
    searchLog: () => {
      const search = Promise.withResolvers<LogMatches>();
      running.push(search);
      return search.promise;
    },
  });
  const first = Array.from({ length: 25 }, () => searches.search("a", "t", QUERY));
  const result = { lines: [], index: 0, matches: 0, searched: 0 };
  const later = Array.from({ length: 30 }, () => searches.searchOn("a", "t", QUERY));
  const other = searches.searchOn("b", "t", QUERY);
  assertEquals(running.length, 26);
  // When a search ends, even with an error, the next one begins.
  running[0]!.reject(new Error("damaged"));
  await Promise.allSettled([first[0]]);
  assertEquals(running.length, 27);
  for (let turn = 0; turn < 100; turn++) {
    for (const search of running) search.resolve(result);
    await Promise.resolve();
  }
  assertEquals(await Promise.all([...first.slice(1), ...later, other]), Array(55).fill(result));
});

Deno.test("LogSearches refuses a download only before it begins", async () => {
  await using server = startServer();
  const lines = Array.from({ length: 900 }, (_, index) => `needle ${index}`);
  for (const client of ["c", "d"]) await call("POST", `${server.url}/tasks/${client}`, { body: { id: "t" } });
  await call("POST", `${server.url}/tasks/c/t/logs`, { body: { lines } });
  const get = (path: string) => Promise.resolve(server.monitor.fetch(new Request(`${server.url}${path}`)));
  // The handler gets all requests in the same turn, so no response is sent before the last request arrives.
  const downloads = await Promise.all(
    Array.from({ length: 40 }, () => get("/tasks/c/t/logs?format=text&q=needle")),
  );
  assertEquals(downloads.filter(({ status }) => status === 503).length, 15);
  const [begun, unread] = [downloads.slice(0, 5), downloads.slice(5)];
  for (const { body } of unread) await body?.cancel();
  const texts = begun.map((response) => response.text());
  let isRead = false;
  const others = (async () => {
    while (!isRead) {
      const answers = await Promise.all(Array.from({ length: 30 }, () => get("/tasks/d/t/logs?q=x")));
      for (const answer of answers) await answer.body?.cancel();
      // Let the event loop turn: requests that are refused in the same turn would block the downloads.
      await nextTurn();
    }
  })();
  for (const text of await Promise.all(texts)) {
    assertEquals(text.match(/needle \d+/g)?.length, 900);
  }
  isRead = true;
  await others;
});

Deno.test("LogSearches counts the searches of pages and those of the API together", async () => {
  await using server = startServer();
  for (const client of ["c", "d"]) {
    await call("POST", `${server.url}/tasks/${client}`, { body: { id: "t" } });
    await call("POST", `${server.url}/tasks/${client}/t/logs`, { body: { lines: ["needle"] } });
  }
  // The handler gets all requests in the same turn, so no response is sent before the last request arrives.
  const paths = Array.from({ length: 40 }, (_, index) => index % 2 === 0 ? "/tasks/c/t/logs" : "/t/c/t");
  const answers = [...paths, "/tasks/d/t/logs"].map((path) =>
    server.monitor.fetch(new Request(`${server.url}${path}?q=needle`))
  );
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  assertEquals(statuses.filter((status) => status === 503).length, 15);
  assertEquals(statuses.at(-1), 200);
});
