/** Tests TLS between nodes, with certificates that openssl issues. */

import { ConfigError } from "../../../../lib/errors.ts";
import { NodeTls } from "../../../../lib/http/cluster/node_tls.ts";
import { RemoteSink } from "../../../../lib/remote/remote_sink.ts";
import { wrap } from "../../../../lib/reporter/wrap.ts";
import { assertEquals, assertThrows } from "../../../support/assert.ts";
import { assertProblem, call } from "../../../support/calls.ts";
import { Authority } from "../../../support/certificate.ts";
import { TestNode } from "../../../support/node_gate.ts";
import { findTool } from "../../../support/tools.ts";
import { until } from "../../../support/until.ts";

const ignore = await findTool(["openssl"], "A test of TLS between nodes") === undefined;
const SHORT = { ownerWaitMs: 300, forwardTimeoutMs: 2_000 };

Deno.test({
  name:
    "Forwarder forwards requests and reporters to a node whose certificate the named authority has issued",
  ignore,
  fn: async () => {
    await using authority = await Authority.create();
    const notices: string[] = [];
    await using owner = new TestNode({}, {}, { tls: await authority.issue("IP:127.0.0.1") });
    await using node = new TestNode({}, {}, {
      authority: authority.pem,
      notice: (text) => notices.push(text),
    });
    node.follow(owner.url);
    const created = await call("POST", `${node.url}/tasks/c`, { body: { id: "t", name: "n" } });
    assertEquals(created.status, 201);
    using sink = new RemoteSink(node.url, { warn: (text) => notices.push(text) });
    await wrap(() => "done", { name: "job", client: "c", id: "job" }, () => sink)();
    await sink.delivered();
    assertEquals(node.gate.forwarder.sockets, 1);
    assertEquals(owner.test.registry.task("c", "job")?.result, "done");
    assertEquals(notices, []);
  },
});

Deno.test({
  name: "Forwarder explains in one line why it does not accept the certificate of a node",
  ignore,
  fn: async () => {
    await using authority = await Authority.create();
    await using other = await Authority.create();
    const problemOf = async (tls: { cert: string; key: string } | undefined, pem: string | null) => {
      const notices: string[] = [];
      await using owner = new TestNode({}, {}, tls && { tls });
      await using node = new TestNode(SHORT, {}, { authority: pem, notice: (text) => notices.push(text) });
      const address = owner.url.replace("http:", "https:");
      node.follow(address);
      for (const _ of [1, 2]) {
        assertProblem(
          await call("POST", `${node.url}/tasks/c`, { body: { id: "t", name: "n" } }),
          503,
          "no_owner",
        );
      }
      await until(() => notices.length > 0);
      assertEquals(owner.test.events, [], "the node has received nothing");
      return notices.map((text) => text.replace(`Can't forward to the node at ${address}: `, ""));
    };
    const mine = authority.pem;
    const untrusted = [
      "an authority that this node doesn't trust has issued its certificate; name the authority's with --node-ca",
    ];
    const valid = await authority.issue("IP:127.0.0.1");
    assertEquals(await problemOf(valid, other.pem), untrusted);
    assertEquals(await problemOf(valid, null), untrusted);
    const expired = await authority.issue("IP:127.0.0.1", -1);
    assertEquals(await problemOf(expired, mine), ["its certificate has expired"]);
    assertEquals(await problemOf(await authority.issue("DNS:node.example"), mine), [
      "its certificate is for another host; --advertise must name a host that is in it",
    ]);
    assertEquals(await problemOf(undefined, mine), [
      "it doesn't serve HTTPS there; start it with --cert and --tls-key",
    ]);
  },
});

Deno.test("NodeTls refuses a malformed certificate", () => {
  const authority = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const error = assertThrows(() => new NodeTls({ authority, notice: () => {} }), ConfigError);
  assertEquals(error.message, "Cannot use the certificate of --node-ca: it is malformed");
});
