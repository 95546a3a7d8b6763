/** Tests of a page of another origin that reports over REST in a real browser, which sends preflight requests. */

import type { Page } from "playwright-core";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { startProgram } from "../support/program.ts";

/** Starts a second server, with an empty page, so that the page has another origin than the Taskscope server. */
function startOrigin(): AsyncDisposable & { readonly origin: string } {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const headers = { "content-type": "text/html" };
  const server = Deno.serve(
    options,
    () => new Response("<!doctype html><title>Elsewhere</title>", { headers }),
  );
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Makes a page send a request; returns the status, the state or problem code, and the location, or else the error. */
function report(page: Page, method: string, url: string, body: unknown): Promise<string> {
  return page.evaluate(async ([method, url, body]) => {
    try {
      const headers = { "content-type": "application/json" };
      const response = await fetch(url, { method, headers, body });
      const { state, code } = await response.json();
      return `${response.status} ${state ?? code} ${response.headers.get("location")}`;
    } catch (error) {
      return String(error);
    }
  }, [method, url, JSON.stringify(body)] as const);
}

Deno.test("reporting from a page of another origin works only if the origin is allowed by name", async () => {
  await using friend = startOrigin();
  await using stranger = startOrigin();
  await using program = await startProgram(["--no-demo", "--allow-origin", friend.origin]);
  const tasks = `${program.url}/tasks/c`;
  await withPage({}, async ({ page, complaints }) => {
    await page.goto(friend.origin);
    assertEquals(await report(page, "POST", tasks, { id: "t" }), "201 NOT_STARTED /tasks/c/t");
    assertEquals(await report(page, "PATCH", `${tasks}/t`, { progress: 50 }), "200 PROCESSING null");
    assertEquals(complaints, []);
    assertEquals(await report(page, "PATCH", `${tasks}/t`, { progres: 50 }), "400 bad_body null");
    assertEquals(await report(page, "POST", `${tasks}/t/finish`, { result: 1 }), "200 FINISHED null");
    assertEquals(await report(page, "PATCH", `${tasks}/t`, {}), "409 task_ended null");
    // The page may report, but neither read nor remove tasks.
    for (const method of ["DELETE", "PUT"]) {
      assertStringIncludes(await report(page, method, `${tasks}/t`, {}), "TypeError: Failed to fetch");
    }
    const look = page.evaluate((url) => fetch(url).then(() => "seen", String), `${tasks}/t`);
    assertStringIncludes(await look, "TypeError: Failed to fetch");

    await page.goto(stranger.origin);
    assertStringIncludes(await report(page, "POST", tasks, { id: "s" }), "TypeError: Failed to fetch");
    assertStringIncludes(await report(page, "PATCH", `${tasks}/t`, {}), "TypeError: Failed to fetch");
    // The server also refuses simple requests, which have no preflight.
    const form = page.evaluate(
      (url) =>
        fetch(url, { method: "POST", body: new URLSearchParams({ id: "s" }) }).then(() => "seen", String),
      tasks,
    );
    assertStringIncludes(await form, "TypeError: Failed to fetch");
  });
  assertEquals(Object.keys((await call("GET", tasks)).json.all_tasks).filter((id) => id !== "t"), []);
  assertEquals(program.process.stderr, "");
});
