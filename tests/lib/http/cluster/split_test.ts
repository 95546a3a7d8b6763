/** Tests batches of reports whose tasks belong to several nodes, with real servers and gates that the test controls. */

import { type Split, SplitBatches } from "../../../../lib/http/cluster/split.ts";
import { createIdentity } from "../../../../lib/remote/reporter_identity.ts";
import { assertEquals } from "../../../support/assert.ts";
import { assertProblem, call } from "../../../support/calls.ts";
import { TestNode } from "../../../support/node_gate.ts";
import { creation, REPORTER, reportOf, ReportSocket } from "../../../support/report_socket.ts";
import { until } from "../../../support/until.ts";

/**
 * Makes the first node the owner of the tasks of client `c`, and the second one the owner of those of client
 * `d`.
 */
function share(first: TestNode, second: TestNode): void {
  for (const [node, own, other] of [[first, "c", second], [second, "d", first]] as const) {
    const split: Split = {
      owners: [null, { address: other.url }],
      ownerOf: (client) => client === own ? null : { address: other.url },
    };
    node.gate.decide = () => split;
    node.gate.ownsClient = (client) => client === own;
  }
}

Deno.test("SplitBatches returns up to which batch all owners have acknowledged their parts", () => {
  const batches = new SplitBatches();
  batches.sent(1, ["a"]);
  batches.sent(2, ["a", "b"]);
  batches.sent(3, ["b"]);
  batches.sent(4, ["a"]);
  assertEquals(batches.taken("b", 3), null);
  assertEquals(batches.taken("a", 1), 1);
  assertEquals(batches.taken("a", 2), 3);
  assertEquals(batches.taken("b", 9), null);
  assertEquals(batches.taken("a", 4), 4);
});

Deno.test("SplitBatches does not keep batches whose numbers are not higher than all earlier ones", () => {
  const batches = new SplitBatches();
  batches.sent(9, ["a"]);
  assertEquals(batches.taken("a", 9), 9);
  for (const batch of [8, 9, 1]) batches.sent(batch, ["a"]);
  assertEquals(batches.taken("a", 9), null);
  batches.sent(10, ["a"]);
  assertEquals(batches.taken("a", 10), 10);
});

Deno.test("ForwardedReporters sends each owner its reports, and acknowledges a batch once all owners have", async () => {
  await using first = new TestNode();
  await using second = new TestNode();
  share(first, second);
  await using socket = new ReportSocket(first.url);
  await socket.opened();
  second.store.hold();
  socket.report(creation("1", 1, "c"), creation("1", 2, "d"));
  const own = socket.report(reportOf("1", { type: "start" }, 3, "c"));
  await until(() => typeof first.test.registry.task("c", "1")?.started_at === "number");
  assertEquals(socket.acknowledged, [], "a part of the first batch is not committed");
  await second.store.release();
  await socket.taken(own);
  assertEquals([first, second].map(({ test }) => test.registry.clients()), [["c"], ["d"]]);
  // A cancellation that is requested at the second node reaches the reporter, which is connected to the first
  // one.
  await call("POST", `${second.url}/tasks/d/1/cancel`);
  await socket.find((message) => message.type === "cancel" && "client" in message && message.client === "d");
  socket.report();
  await socket.find(({ type }) => type === "alive");
  assertEquals(socket.told.filter((each) => (each as { type: string }).type === "alive").length, 1);
  assertEquals([first.errors, second.errors], [[], []]);
});

Deno.test("ForwardedReporters proves the identity of the reporter to every owner", async () => {
  await using first = new TestNode();
  await using second = new TestNode();
  share(first, second);
  const { id, secret } = createIdentity();
  await using socket = new ReportSocket(first.url, id);
  await socket.opened();
  socket.send(JSON.stringify({ secret, batch: 0, reports: [] }));
  await socket.taken(socket.report(creation("1", 1, "c"), creation("1", 2, "d")));
  assertEquals(second.test.registry.task("d", "1")?.reporter, id);
  await using impostor = new ReportSocket(first.url, id);
  await impostor.opened();
  impostor.send(JSON.stringify({ secret: "another", batch: 1, reports: [creation("2", 3, "d")] }));
  assertEquals((await impostor.closed()).code, 1008);
});

Deno.test("ForwardedReporters closes the socket if a node gets reports about tasks that it does not own", async () => {
  await using first = new TestNode();
  await using second = new TestNode();
  share(first, second);
  second.gate.ownsClient = () => false;
  await using socket = new ReportSocket(first.url);
  await socket.opened();
  socket.report(creation("1", 1, "c"), creation("1", 2, "d"));
  assertEquals((await socket.closed()).code, 1013);
  assertEquals(second.test.events, []);
  await using invalid = new ReportSocket(first.url);
  await invalid.opened();
  invalid.send("no batch");
  assertEquals((await invalid.closed()).code, 1008);
});

Deno.test("Handler splits a batch over plain HTTP, and acknowledges it once all owners have", async () => {
  await using first = new TestNode({ ownerWaitMs: 200 });
  await using second = new TestNode();
  share(first, second);
  const post = (batch: number, ...reports: readonly unknown[]) =>
    call("POST", `${first.url}/report?reporter=${REPORTER}`, { body: { batch, reports } });
  const refused = await post(1, creation("1", 1, "c"), creation("1", 2, "d"), creation("1", 3, "x"));
  assertProblem(refused, 503, "no_owner");
  const begun = reportOf("2", { type: "start" }, 6, "d");
  const taken = await post(2, creation("2", 4, "c"), creation("2", 5, "d"), begun);
  assertEquals([taken.status, taken.json], [200, { replies: [{ type: "taken", batch: 2 }] }]);
  assertEquals(first.test.registry.task("c", "2")?.report_seq, 4);
  assertEquals(second.test.registry.task("d", "2")?.report_seq, 6);
  await call("POST", `${second.url}/tasks/d/2/cancel`);
  // With an empty batch, the reporter gets the commands that it has missed, also those from the other owner.
  const asked = await post(3);
  assertEquals(asked.json.replies, [
    { type: "cancel", client: "d", id: "2" },
    { type: "taken", batch: 3 },
  ]);
  assertProblem(
    await call("POST", `${first.url}/report?reporter=${REPORTER}`, { body: {} }),
    400,
    "bad_request",
  );
});
