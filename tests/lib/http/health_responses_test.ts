/** Tests the responses to requests that arrive before the tasks are loaded. */

import { healthBeforeLoad, notLoaded } from "../../../lib/http/health_responses.ts";
import { assertEquals } from "../../support/assert.ts";
import { assertProblem } from "../../support/calls.ts";

const HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

const request = (path: string, accept = "*/*") => new Request(`http://host${path}`, { headers: { accept } });

Deno.test("healthBeforeLoad() responds to health checks only", async () => {
  for (const basePath of ["", "/base"]) {
    const alive = healthBeforeLoad(request(`${basePath}/healthz`), basePath);
    assertEquals([alive?.status, await alive?.json()], [200, { status: "ok" }]);
    const ready = healthBeforeLoad(request(`${basePath}/readyz?verbose`), basePath);
    assertEquals([ready?.status, ready?.headers.get("retry-after")], [503, "1"]);
    assertEquals(await ready?.json(), { status: "loading" });
    for (const path of ["/", "/tasks/healthz", "/healthz/", "/other/healthz"]) {
      assertEquals(healthBeforeLoad(request(path), basePath), null, path);
    }
  }
  assertEquals(healthBeforeLoad(request("/healthz"), "/base"), null);
});

Deno.test("notLoaded() sends a problem document to programs", async () => {
  for (const accept of ["*/*", "application/json", "application/json, text/html;q=0.5", ""]) {
    const response = notLoaded(request("/tasks/c", accept), "The server is starting");
    const { status, headers } = response;
    assertProblem({ status, headers, text: await response.text() }, 503, "not_loaded");
    assertEquals([headers.get("retry-after"), headers.get("refresh")], ["1", null]);
  }
});

Deno.test("notLoaded() sends a text to browsers, which reload it", async () => {
  const response = notLoaded(request("/tasks/c", HTML), "The server is starting");
  const { status, headers } = response;
  assertEquals([status, await response.text()], [503, "The server is starting\n"]);
  assertEquals(headers.get("content-type"), "text/plain;charset=UTF-8");
  assertEquals([headers.get("retry-after"), headers.get("refresh")], ["1", "1"]);
});
