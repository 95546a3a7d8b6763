import { type AccessOptions, resolveAccess } from "../../../lib/config/access_options.ts";
import { ConfigError } from "../../../lib/errors.ts";
import { assertEquals, assertMatch, assertThrows } from "../../support/assert.ts";

Deno.test("resolveAccess() merges options with the defaults", () => {
  const nothing = {
    basePath: "",
    hosts: null,
    allowAddressHosts: false,
    origins: new Set<string>(),
    publicOrigins: new Set<string>(),
    publicOrigin: null,
    key: null,
    previousKey: null,
    signIn: false,
    trustedProxies: new Set<string>(),
  };
  const key = "0123456789abcdef";
  const table: [AccessOptions, Partial<ReturnType<typeof resolveAccess>>][] = [
    [{}, {}],
    [{ basePath: "/monitor" }, { basePath: "/monitor" }],
    [{ basePath: "/a/b-c_d.e~f/" }, { basePath: "/a/b-c_d.e~f" }],
    [{ basePath: "/" }, { basePath: "" }],
    [{ allowedHosts: ["Example.org:80"] }, { hosts: new Set(["example.org:80"]) }],
    [{ allowedHosts: [] }, { hosts: new Set() }],
    [{ key }, { key, signIn: true }],
    [{ key, signIn: false, allowAddressHosts: true }, { key, allowAddressHosts: true }],
    [{ key, previousKey: "fedcba9876543210" }, { key, previousKey: "fedcba9876543210", signIn: true }],
    [{ signIn: true }, {}],
    [{ trustedProxies: ["127.0.0.1", "2001:DB8:0::1", "::ffff:10.0.0.1"] }, {
      trustedProxies: new Set(["127.0.0.1", "2001:db8::1", "10.0.0.1"]),
    }],
    [{ allowedOrigins: ["https://a.org", "HTTP://B.org/"] }, {
      origins: new Set(["https://a.org", "http://b.org"]),
    }],
    [{ publicUrls: ["https://ci.example.org/tasks/", "http://lan:8000"] }, {
      basePath: "/tasks",
      hosts: new Set(["ci.example.org", "lan:8000"]),
      origins: new Set(["https://ci.example.org", "http://lan:8000"]),
      publicOrigins: new Set(["https://ci.example.org", "http://lan:8000"]),
      publicOrigin: "https://ci.example.org",
    }],
    [{ publicUrls: ["https://ci.example.org/tasks"], basePath: "/inner", allowedHosts: ["127.0.0.1:8000"] }, {
      basePath: "/inner",
      hosts: new Set(["127.0.0.1:8000", "ci.example.org"]),
      origins: new Set(["https://ci.example.org"]),
      publicOrigins: new Set(["https://ci.example.org"]),
      publicOrigin: "https://ci.example.org",
    }],
  ];
  for (const [options, resolved] of table) assertEquals(resolveAccess(options), { ...nothing, ...resolved });
});

Deno.test("resolveAccess() rejects invalid keys, proxies, base paths, URLs and origins", () => {
  for (const key of ["", "short", "0123456789abcde\u00e9", "0123456789 abcdef", "x".repeat(1_025)]) {
    const { message } = assertThrows(() => resolveAccess({ key }), ConfigError);
    assertMatch(message, /^The key must be 16 to 1024 characters of ASCII without spaces, received \d+ char/);
    assertEquals(key !== "" && message.includes(key), false);
  }
  for (const proxy of ["", "localhost", "1", "10.0.0.0/8", "127.0.0.1:80", "::1/64", "[::1]"]) {
    assertThrows(() => resolveAccess({ trustedProxies: [proxy] }), ConfigError, "wanted an IP address");
  }
  const basePaths = ["monitor", "/a b", "/a//b", "/a?b", "/a#b", "/%2e", "/ä", "http://x/"];
  for (const basePath of basePaths) {
    const error = assertThrows(() => resolveAccess({ basePath }), ConfigError);
    assertEquals(
      error.message,
      `Cannot use base path: wanted a path such as "/monitor", received "${basePath}"`,
    );
  }
  const publicUrls = [
    "",
    "example.org",
    "ftp://a.org",
    "https://a.org/?q",
    "https://a.org/#f",
    "https://u:p@a.org",
    "https://",
  ];
  for (const url of publicUrls) {
    const error = assertThrows(() => resolveAccess({ publicUrls: [url] }), ConfigError);
    assertEquals(
      error.message,
      `Cannot use public URL: wanted http(s)://host[:port][/path], received "${url}"`,
    );
  }
  const origins = [
    "",
    "*",
    "null",
    "a.org",
    "https://a.org/path",
    "file:///a",
    "https://a.org:443",
    "data:text/plain,x",
  ];
  for (const origin of origins) {
    const error = assertThrows(() => resolveAccess({ allowedOrigins: [origin] }), ConfigError);
    assertEquals(error.message, `Cannot allow origin: wanted http(s)://host[:port], received "${origin}"`);
  }
});
