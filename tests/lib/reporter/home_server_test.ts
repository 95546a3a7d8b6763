/** Tests finding the server from which the module was imported. */

import { homeServer, setHomeServer } from "../../../lib/reporter/home_server.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("setHomeServer() records the server from which the built module was imported, and ignores other URLs", () => {
  assertEquals(homeServer(), null);
  const table: readonly (readonly [url: string, home: string])[] = [
    ["http://127.0.0.1:8000/monitored.ts", "http://127.0.0.1:8000"],
    ["http://127.0.0.1:8000/monitored.js?x=1#y", "http://127.0.0.1:8000"],
    ["https://ci.example.org/a/b/monitored.js", "https://ci.example.org/a/b"],
    ["https://ci.example.org/a/v0.1.0/monitored.js", "https://ci.example.org/a"],
    ["https://ci.example.org/v1.2.3-rc.1/monitored.ts", "https://ci.example.org"],
  ];
  for (const [url, home] of table) {
    setHomeServer(url);
    assertEquals(homeServer(), home, url);
  }
  const before = homeServer();
  const others = [
    "file:///home/somebody/lib/dist/monitored.js",
    "http://127.0.0.1:8000/lib/served.ts",
    "http://127.0.0.1:8000/monitored.mjs",
    "http://127.0.0.1:8000/unmonitored.js",
    "data:text/javascript,/monitored.js",
    "blob:http://127.0.0.1:8000/monitored.js",
    "no address",
  ];
  for (const url of others) {
    setHomeServer(url);
    assertEquals(homeServer(), before, url);
  }
});
