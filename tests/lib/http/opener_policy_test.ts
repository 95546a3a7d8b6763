/** Tests which pages are cut off from the window that opened them. */

import { assertEquals } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { startServer } from "../../support/server.ts";

const POLICY = "cross-origin-opener-policy";

Deno.test("relaxOpenerPolicy() cuts a page off from its opener only if another site may have opened it", async () => {
  await using server = startServer();
  const policyOf = async (path: string, site?: string) => {
    const headers: Record<string, string> = { accept: "text/html", ...(site && { "sec-fetch-site": site }) };
    return (await call("GET", server.url + path, { headers })).headers.get(POLICY);
  };
  for (const path of ["/t/c", "/stats/c", "/install", "/docs"]) {
    for (const site of ["cross-site", "same-site", "", "other"]) {
      assertEquals(await policyOf(path, site), "same-origin", `${path} ${site}`);
    }
    for (const site of ["none", "same-origin"]) {
      assertEquals(await policyOf(path, site), null, `${path} ${site}`);
    }
  }
  assertEquals(await policyOf("/t/c/unknown", "cross-site"), "same-origin", "a page about an error");
});
