import { addressGroup, addressOf } from "../../../lib/http/address.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("addressOf() trusts X-Forwarded-For only from trusted proxies", () => {
  const proxies = new Set(["10.0.0.1", "10.0.0.2"]);
  const table: [string, string | null, string][] = [
    ["1.1.1.1", null, "1.1.1.1"],
    ["1.1.1.1", "2.2.2.2", "1.1.1.1"],
    ["10.0.0.1", null, "10.0.0.1"],
    ["10.0.0.1", "", "10.0.0.1"],
    ["10.0.0.1", "2.2.2.2", "2.2.2.2"],
    ["10.0.0.1", "9.9.9.9, 2.2.2.2", "2.2.2.2"],
    ["10.0.0.1", "9.9.9.9,2.2.2.2 , 10.0.0.2", "2.2.2.2"],
    ["10.0.0.1", "10.0.0.2", "10.0.0.1"],
    ["::ffff:10.0.0.1", "2.2.2.2", "2.2.2.2"],
    ["::ffff:10.0.0.1", "2.2.2.2, 10.0.0.2", "2.2.2.2"],
    ["::ffff:10.0.0.1", "unknown", "10.0.0.1"],
    ["::ffff:1.1.1.1", "2.2.2.2", "1.1.1.1"],
    ["", "2.2.2.2", ""],
  ];
  for (const [peer, forwarded, expected] of table) {
    const headers = forwarded === null ? new Headers() : new Headers({ "x-forwarded-for": forwarded });
    assertEquals(addressOf(new Request("http://x/", { headers }), peer, proxies), expected);
  }
});

Deno.test("addressOf() returns the address of a hop, whatever port, zone, brackets or quotes the hop has", () => {
  const proxies = new Set(["10.0.0.1", "2001:db8::1"]);
  const table: [string, string][] = [
    ["9.9.9.9:1001", "9.9.9.9"],
    ["9.9.9.9:1002", "9.9.9.9"],
    ['"9.9.9.9:65535"', "9.9.9.9"],
    ["::ffff:9.9.9.9", "9.9.9.9"],
    ["::FFFF:909:909", "9.9.9.9"],
    ["[::ffff:9.9.9.9]:80", "9.9.9.9"],
    ["::ffff:9.9.9.9:80", "9.9.9.9"],
    ["[2001:DB8::2]", "2001:db8::2"],
    ["[2001:db8:0:0::2]:443", "2001:db8::2"],
    ['"[2001:db8::2]:443"', "2001:db8::2"],
    ["2001:db8::2%eth0", "2001:db8::2"],
    ["[2001:db8::2%25eth0]:1", "2001:db8::2"],
    ["9.9.9.9:1, [2001:db8::1]:80", "9.9.9.9"],
    ["9.9.9.9, 10.0.0.1:80,, ", "9.9.9.9"],
    // If a trusted proxy reports something that is not an address, the address of the proxy is used.
    ["9.9.9.9, unknown", "10.0.0.1"],
    ["9.9.9.9, 300.1.1.1", "10.0.0.1"],
    ["9.9.9.9, _hidden", "10.0.0.1"],
    ["9.9.9.9, [::1", "10.0.0.1"],
    [`9.9.9.9, ${":".repeat(5_000)}`, "10.0.0.1"],
    [", ".repeat(4_000), "10.0.0.1"],
  ];
  for (const [forwarded, expected] of table) {
    const request = new Request("http://x/", { headers: { "x-forwarded-for": forwarded } });
    assertEquals(addressOf(request, "10.0.0.1", proxies), expected, forwarded.slice(0, 60));
  }
});

Deno.test("addressGroup() groups IPv6 addresses by their /64 prefix, in any spelling", () => {
  const table: [string, string][] = [
    ["1.2.3.4", "1.2.3.4"],
    ["::ffff:1.2.3.4", "1.2.3.4"],
    ["::ffff:102:304", "1.2.3.4"],
    ["0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:0DB8:0001:0002:ffff::1", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["", ""],
    ["x".repeat(1_000), "x".repeat(64)],
  ];
  for (const [address, group] of table) assertEquals(addressGroup(address), group);
});
