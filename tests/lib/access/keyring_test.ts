import fc from "fast-check";
import { FULL_GRANT, type Grant, hasExpired, permits, type ScopedGrant } from "../../../lib/access/grant.ts";
import { checkKey, Keyring } from "../../../lib/access/keyring.ts";
import { followClock, now } from "../../../lib/clock.ts";
import { ConfigError } from "../../../lib/errors.ts";
import { assertEquals, assertNotEquals, assertThrows } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const KEY = "0123456789abcdef";
const TOKEN = { may: "read", client: "c", taskId: null, expiresAt: null } as const;

Deno.test("checkKey() requires a key that fits into a header and is hard to guess, and its errors never reveal the key", () => {
  assertEquals(checkKey(KEY, "k"), KEY);
  for (
    const key of ["", "0123456789abcde", "0123456789 abcdef", "0123456789abcdef\u00e9", "x".repeat(1_025)]
  ) {
    const { message } = assertThrows(() => checkKey(key, "TASKSCOPE_KEY"), ConfigError);
    assertEquals([message.startsWith("TASKSCOPE_KEY must be"), key !== "" && message.includes(key)], [
      true,
      false,
    ]);
  }
});

Deno.test("checkKey() refuses tokens, which would sign tokens that no server accepts", () => {
  const keyring = new Keyring(KEY);
  for (const token of [keyring.sign(TOKEN), keyring.signSession(4_000_000_000)]) {
    const { message } = assertThrows(() => checkKey(token, "--key-file"), ConfigError);
    assertEquals(
      message,
      "--key-file must be the server's key, received a token, which was signed with the key",
    );
  }
  // The header of a token of another program, and a key that looks like a token.
  for (const key of [`${btoa('{"alg":"HS256","typ":"JWT"}')}.e30.c2lnbmF0dXJl`, "taskscope-scoped+jwt"]) {
    assertEquals(checkKey(key, "k"), key);
  }
});

Deno.test("Keyring and checkKey() accept any text that has the form of a token, or nearly, without an error", () => {
  const keyring = new Keyring(KEY);
  const part = fc.stringMatching(/^[\w-]{0,30}$/);
  fc.assert(fc.property(part, part, part, (...parts) => {
    const text = parts.join(".");
    assertEquals([keyring.grantOf(text), keyring.grantOfSession(text)], [null, null]);
    if (text.length >= KEY.length) assertEquals(checkKey(text, "k"), text);
  }));
});

Deno.test("Keyring.grantOf() accepts only the key, and tokens signed with the key", () => {
  const keyring = new Keyring(KEY);
  assertEquals(keyring.grantOf(KEY), FULL_GRANT);
  const tokens: Omit<ScopedGrant, "kind">[] = [
    TOKEN,
    { may: "write", client: "team.a", taskId: null, expiresAt: 4_000_000_000 },
    { may: "read", client: "c", taskId: "t:1", expiresAt: 4_000_000_000 },
    { ...TOKEN, may: "write", run: { taskId: "t", reporter: "reporter-1", signedAt: 1_700_000_000 } },
  ];
  for (const token of tokens) {
    const signed = keyring.sign(token);
    for (let again = 0; again < 2; again++) {
      assertEquals(keyring.grantOf(signed), { kind: "scoped", ...token });
    }
    const [head, body, signature] = signed.split(".");
    const forged = btoa(JSON.stringify({ may: "write", client: "all" })).replace(/=+$/, "");
    const none = btoa('{"alg":"none","typ":"taskscope-scoped+jwt"}').replace(/=+$/, "");
    const wrong = [
      `${head}.${forged}.${signature}`,
      `${none}.${body}.`,
      `${head}.${body}.`,
      `${signed}x`,
      signed.slice(0, -1),
      signed.toUpperCase(),
    ];
    for (const text of wrong) assertEquals(keyring.grantOf(text), null, text);
    assertEquals(new Keyring(`${KEY}!`).grantOf(signed), null, "a token of another key is not valid");
  }
  for (const text of ["", " ", KEY.slice(1), `${KEY} `, "a.b.c", "x".repeat(100_000)]) {
    assertEquals(keyring.grantOf(text), null);
  }
});

Deno.test("Keyring distinguishes sessions from scoped tokens", () => {
  const keyring = new Keyring(KEY);
  const session = keyring.signSession(4_000_000_000);
  assertEquals(keyring.grantOfSession(session), { kind: "full", expiresAt: 4_000_000_000 });
  assertEquals(keyring.grantOf(session), null);
  assertEquals(keyring.grantOfSession(keyring.sign(TOKEN)), null);
  assertEquals(keyring.grantOfSession(KEY), null);
});

Deno.test("Keyring.grantOf() rejects an expired token, even if it was valid a moment ago", async () => {
  using clock = new FakeClock();
  const keyring = new Keyring(KEY);
  const signed = keyring.sign({ ...TOKEN, expiresAt: Math.floor(Date.now() / 1_000) + 60 });
  assertNotEquals(keyring.grantOf(signed), null);
  await clock.passAsync(61_000);
  assertEquals(keyring.grantOf(signed), null);
  assertEquals(new Keyring(KEY).grantOf(signed), null);
});

Deno.test("permits() allows read tokens to read and write tokens to report, only for their own client or task", () => {
  const actions = ["read", "start", "cancel", "remove", "report", "operate"] as const;
  const grants: [Grant, string[]][] = [
    [FULL_GRANT, actions.flatMap((action) => [`${action} c/t`, `${action} c/`, `${action} d/t`])],
    [{ kind: "scoped", ...TOKEN }, ["read c/t", "read c/"]],
    [{ kind: "scoped", ...TOKEN, taskId: "t" }, ["read c/t"]],
    [{ kind: "scoped", ...TOKEN, may: "write" }, ["report c/t", "report c/"]],
    [{ kind: "scoped", ...TOKEN, may: "write", taskId: "t" }, ["report c/t"]],
  ];
  for (const [grant, expected] of grants) {
    const allowed = actions.flatMap((action) =>
      ([["c", "t"], ["c", null], ["d", "t"]] as const).flatMap(([client, taskId]) =>
        permits(grant, { action, client, taskId }) ? [`${action} ${client}/${taskId ?? ""}`] : []
      )
    );
    assertEquals(allowed, expected);
    assertEquals([permits(grant, "any"), permits(grant, "none")], [true, true]);
  }
});

Deno.test("hasExpired() compares the expiry time of a grant with the given time", () => {
  const grant = { kind: "scoped", ...TOKEN, expiresAt: 100 } as const;
  assertEquals([99, 100, 101].map((now) => hasExpired(grant, now)), [false, true, true]);
  assertEquals(hasExpired(FULL_GRANT, 1e12), false);
});

Deno.test("Keyring accepts the previous key and its tokens while the key is changed, and signs with the new one", () => {
  const previous = "the-key-that-was-before";
  const next = "the-key-that-comes-next";
  const scope = { may: "read", client: "c", taskId: null, expiresAt: null } as const;
  const [before, both, after] = [new Keyring(previous), new Keyring(next, previous), new Keyring(next)];
  for (const keyring of [before, both]) assertEquals(keyring.grantOf(previous), FULL_GRANT);
  for (const keyring of [both, after]) assertEquals(keyring.grantOf(next), FULL_GRANT);
  assertEquals(after.grantOf(previous), null);
  const [old, fresh] = [before.sign(scope), both.sign(scope)];
  const isValid = (keyring: Keyring, token: string) => keyring.grantOf(token) !== null;
  assertEquals([isValid(both, old), isValid(both, fresh)], [true, true]);
  assertEquals([isValid(after, old), isValid(after, fresh)], [false, true]);
});

Deno.test("Keyring.grantOf() accepts a token that another library signed, as earlier versions did", () => {
  const token = "eyJhbGciOiJIUzI1NiIsInR5cCI6InRhc2tzY29wZS1zY29wZWQrand0In0." +
    "eyJtYXkiOiJ3cml0ZSIsImNsaWVudCI6ImNhZsOpIiwidGFzayI6InQ6MSIsImV4cCI6NDAwMDAwMDAwMH0." +
    "ARFbGwKfGxHGyVgOva6IxOtogcbP-fiTW87GhnN_sQo";
  const grant = {
    kind: "scoped",
    may: "write",
    client: "café",
    taskId: "t:1",
    expiresAt: 4_000_000_000,
  } as const;
  assertEquals(new Keyring(KEY).grantOf(token), grant);
});

Deno.test("Keyring.grantOf() rejects any other text without an error", () => {
  const keyring = new Keyring(KEY);
  const [head, body, signature] = keyring.sign(TOKEN).split(".");
  const encoded = fc.oneof(
    fc.constantFrom(head!, body!, signature!, ""),
    fc.string({ unit: "grapheme" }),
    fc.base64String().map((text) => text.replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_")),
    fc.constantFrom('{"typ":"JWT"}', "{", "null", "[]", '"x"').map((text) => btoa(text).replace(/=+$/, "")),
  );
  fc.assert(fc.property(fc.array(encoded, { maxLength: 5 }), (parts) => {
    const text = parts.join(".");
    fc.pre(text !== `${head}.${body}.${signature}`);
    assertEquals([keyring.grantOf(text), keyring.grantOfSession(text)], [null, null]);
  }));
});

Deno.test("Keyring.grantOf() compares the expiry of a token with the clock that the nodes of a cluster share", () => {
  using _clock = new FakeClock();
  const keyring = new Keyring(KEY);
  const hour = 3_600;
  try {
    for (const ahead of [-2, 2]) {
      followClock(ahead * hour * 1_000);
      const current = { ...TOKEN, expiresAt: now() + hour };
      assertEquals(keyring.grantOf(keyring.sign(current)), { kind: "scoped", ...current });
      assertEquals(keyring.grantOf(keyring.sign({ ...TOKEN, expiresAt: now() - hour })), null);
    }
  } finally {
    followClock(0);
  }
});
