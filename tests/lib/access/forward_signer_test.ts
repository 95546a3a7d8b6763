/** Tests the signatures of forwarded requests. */

import { ForwardSigner } from "../../../lib/access/forward_signer.ts";
import { assertEquals, assertNotEquals } from "../../support/assert.ts";

const VOUCHED = { origin: "https://ci.example.org", peer: "192.0.2.7", node: "node-1" };
const REQUEST = { method: "POST", target: "/tasks/c?x=1", to: "http://10.0.0.2:8000" };
const OPTIONS = { key: "a-key-of-the-server", secret: "a secret", nowMs: () => 1_000_000_000_000 };

Deno.test("ForwardSigner.verify() returns what another node has signed, but only once", () => {
  const [sender, verifier] = [new ForwardSigner(OPTIONS), new ForwardSigner(OPTIONS)];
  const signed = sender.sign(VOUCHED, REQUEST);
  assertEquals(verifier.verify(signed, REQUEST), VOUCHED);
  assertEquals(verifier.verify(signed, REQUEST), null);
  assertNotEquals(sender.sign(VOUCHED, REQUEST), signed);
  const strange = { origin: "http://[::1]:8000", peer: "", node: "nöde\n\u{1f600}" };
  assertEquals(verifier.verify(sender.sign(strange, REQUEST), REQUEST), strange);
});

Deno.test("ForwardSigner.verify() refuses signatures for another request or with another secret", () => {
  const signer = new ForwardSigner(OPTIONS);
  const others = [
    { ...REQUEST, method: "DELETE" },
    { ...REQUEST, target: "/tasks/c?x=2" },
    { ...REQUEST, to: "http://10.0.0.3:8000" },
  ];
  for (const other of others) assertEquals(signer.verify(signer.sign(VOUCHED, REQUEST), other), null);
  for (const options of [{ key: "b" }, { key: null }, { secret: "b" }]) {
    const stranger = new ForwardSigner({ ...OPTIONS, ...options });
    assertEquals(signer.verify(stranger.sign(VOUCHED, REQUEST), REQUEST), null, JSON.stringify(options));
  }
});

Deno.test("ForwardSigner.verify() refuses a text in which any character was changed, added or removed", () => {
  const signer = new ForwardSigner(OPTIONS);
  const signed = signer.sign(VOUCHED, REQUEST);
  for (let index = 0; index < signed.length; index++) {
    const [before, after] = [signed.slice(0, index), signed.slice(index + 1)];
    const other = signed[index] === "1" ? "2" : "1";
    for (const text of [before + other + after, before + after, `${before}A${signed[index]}${after}`]) {
      // In base64url, some bits of the last character are padding, so a different character may decode to the
      // same bytes.
      if (index === signed.length - 1 && text.length === signed.length) continue;
      assertEquals(signer.verify(text, REQUEST), null, text);
    }
  }
  for (const text of ["", "v1", "v1....", `${signed} `, "v1.".repeat(1_000_000)]) {
    assertEquals(signer.verify(text, REQUEST), null, text.slice(0, 20));
  }
  assertEquals(signer.verify(signed, REQUEST), VOUCHED);
});

Deno.test("ForwardSigner.verify() accepts a text within a minute of its signature", () => {
  let nowMs = 0;
  const clock = { ...OPTIONS, nowMs: () => nowMs };
  for (
    const [offsetMs, isValid] of [[60_000, true], [60_001, false], [-60_000, true], [-60_001, false]] as const
  ) {
    const signer = new ForwardSigner(clock);
    nowMs = 1_000_000_000_000;
    const signed = signer.sign(VOUCHED, REQUEST);
    nowMs += offsetMs;
    assertEquals(signer.verify(signed, REQUEST) !== null, isValid, `${offsetMs}`);
  }
});

Deno.test("ForwardSigner.verify() accepts the signature of a node with the previous or the next key, but only once", () => {
  const [key, previousKey] = ["the-key-that-comes-next", OPTIONS.key];
  const signer = (keys: { key: string; previousKey?: string }) => new ForwardSigner({ ...OPTIONS, ...keys });
  const [before, both, after] = [signer({ key: previousKey }), signer({ key, previousKey }), signer({ key })];
  for (const [from, to] of [[before, both], [both, before], [both, after], [after, both]] as const) {
    const signed = from.sign(VOUCHED, REQUEST);
    assertEquals(to.verify(signed, REQUEST), VOUCHED);
    assertEquals(to.verify(signed, REQUEST), null);
  }
  assertEquals(after.verify(before.sign(VOUCHED, REQUEST), REQUEST), null);
});
