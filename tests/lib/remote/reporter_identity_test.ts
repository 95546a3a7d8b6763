import { isReporterId } from "../../../lib/remote/messages.ts";
import { createIdentity, hasSecret, provesIdentity } from "../../../lib/remote/reporter_identity.ts";
import { assert, assertEquals, assertNotEquals } from "../../support/assert.ts";

Deno.test("createIdentity() returns an id that the server accepts, and the only secret that proves it", () => {
  const [mine, other] = [createIdentity(), createIdentity()];
  assertNotEquals(mine, other);
  assert(isReporterId(mine.id) && hasSecret(mine.id), mine.id);
  assertEquals(provesIdentity(mine.id, mine.secret), true);
  for (const secret of [null, "", other.secret, mine.id, mine.secret.toUpperCase(), `${mine.secret} `]) {
    assertEquals(provesIdentity(mine.id, secret), false, String(secret));
  }
  // Ids of version 0.1.0 have no secret.
  for (const secret of [null, mine.secret]) {
    assertEquals(provesIdentity("0123456789abcdef0123", secret), true);
  }
});

Deno.test("provesIdentity() compares an id with the first 22 characters of the secret's SHA-256 in base64url", () => {
  const digest = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
  assertEquals(provesIdentity(`s-${digest.slice(0, 22)}`, "abc"), true);
  for (const length of [0, 21, 23, digest.length]) {
    assertEquals(provesIdentity(`s-${digest.slice(0, length)}`, "abc"), false);
  }
});
