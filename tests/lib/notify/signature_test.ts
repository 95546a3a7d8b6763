import { createHmac } from "node:crypto";
import fc from "fast-check";
import { Signer } from "../../../lib/notify/signature.ts";
import { assertEquals, assertNotEquals } from "../../support/assert.ts";

const encoder = new TextEncoder();

Deno.test("Signer.sign() returns the HMAC-SHA256 of the timestamp, a dot and the body", async () => {
  const signer = new Signer("whsec");
  // The expected value was computed with openssl dgst -sha256 -hmac whsec.
  assertEquals(
    await signer.sign(1_700_000_000, encoder.encode('{"event":"task.finished"}')),
    "v1=658e7a3a73f3286c8c5cad5fd9ff8bf5a7feb61bffe98ac7f1aefb349a1f7896",
  );
});

Deno.test("Signer.sign() returns the same as another implementation for any secret and body", async () => {
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(text, fc.nat(), fc.uint8Array({ maxLength: 2_000 }), async (secret, timestamp, body) => {
      const wanted = createHmac("sha256", encoder.encode(secret)).update(`${timestamp}.`).update(body).digest(
        "hex",
      );
      assertEquals(await new Signer(secret).sign(timestamp, body), `v1=${wanted}`);
    }),
  );
});

Deno.test("Signer.sign() depends on the secret, the time and the body", async () => {
  const body = encoder.encode("body");
  const signature = await new Signer("secret").sign(5, body);
  assertNotEquals(await new Signer("Secret").sign(5, body), signature);
  assertNotEquals(await new Signer("secret").sign(6, body), signature);
  assertNotEquals(await new Signer("secret").sign(5, encoder.encode("bodY")), signature);
});
