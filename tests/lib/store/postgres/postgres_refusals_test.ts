import { ConfigError, StorageError } from "../../../../lib/errors.ts";
import { MOVED_TABLES } from "../../../../lib/store/database/moved_tables.ts";
import { inspectPostgres } from "../../../../lib/store/postgres/inspect_postgres.ts";
import { readAddress } from "../../../../lib/store/postgres/postgres_address.ts";
import { SCHEMA_VERSION } from "../../../../lib/store/postgres/schema.ts";
import { checkServer } from "../../../../lib/store/postgres/server_checks.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "../../../support/assert.ts";
import { makeCertificate } from "../../../support/certificate.ts";
import { PgBouncer } from "../../../support/pgbouncer.ts";
import { hasPostgres, PostgresCluster, sharedCluster } from "../../../support/postgres_cluster.ts";
import { openPostgres } from "../../../support/postgres_home.ts";
import { storedTask } from "../../../support/store_model.ts";
import { findTool } from "../../../support/tools.ts";

function test(name: string, run: () => Promise<void>): void {
  Deno.test({ name, ignore: !hasPostgres, fn: run });
}

/** Asserts that a database cannot be used, and returns the reason. */
async function refusal(url: string): Promise<string> {
  const { message, reason } = await assertRejects(() => openPostgres(url), StorageError);
  assert(!message.includes("secret"), message);
  assert(!message.includes("\n"), message);
  return reason;
}

Deno.test("readAddress() reads a URL, and keeps the password out of the name", () => {
  const { name, config } = readAddress("postgres://me:s%20cret@[::1]:5433/tasks?sslmode=disable");
  assertEquals(name, "postgres://me@[::1]:5433/tasks");
  assertEquals(config, {
    host: "::1",
    port: 5433,
    user: "me",
    database: "tasks",
    password: "s cret",
    ssl: false,
  });
  assertEquals(readAddress("postgresql://me@localhost").config, {
    host: "localhost",
    port: 5432,
    user: "me",
    database: "me",
    ssl: false,
  });
  assertEquals(
    readAddress("postgres://me@localhost/x?host=/run/postgresql").name,
    "postgres://me@/run/postgresql/x",
  );
});

Deno.test("readAddress() encrypts and checks the certificate unless the server is on this machine", () => {
  assertEquals(readAddress("postgres://me@127.0.0.1/x").config.ssl, false);
  assertEquals(readAddress("postgres://me@db.example/x").config.ssl, { rejectUnauthorized: true });
  assertEquals(readAddress("postgres://me@db.example/x?sslmode=disable").config.ssl, false);
  assertEquals(readAddress("postgres://me@localhost/x?sslmode=require&sslnegotiation=direct").config, {
    ...readAddress("postgres://me@localhost/x").config,
    ssl: { rejectUnauthorized: false },
    sslnegotiation: "direct",
  });
});

Deno.test("readAddress() rejects unknown parameters and values, with an error that does not contain the password", () => {
  for (
    const [url, message] of [
      ["postgres://me:secret@h:port/x", /wanted "postgres:\/\/user@host/],
      ["postgres://h/x", /wanted a user/],
      ["postgres://me:secret@h/x/y", /wanted a user and one name/],
      ["postgres://me:secret@h/x?sslmode=prefer", /sslmode must be one of disable, require, verify-ca/],
      ["postgres://me:secret@h/x?sslnegotiation=no", /sslnegotiation must be postgres or direct/],
      ["postgres://me:secret@h/x?ssl=true", /unknown parameter "ssl"/],
      ["postgres://me:secret@h/x?sslrootcert=/none", /Cannot read the file named by sslrootcert/],
      ["postgres://me:secret%@h/x", /percent-encoding/],
    ] as const
  ) {
    const error = assertThrows(() => readAddress(url), ConfigError);
    assertMatch(error.message, message);
    assert(!error.message.includes("secret"), error.message);
  }
});

test("PostgresStore explains in one line why it cannot use a database, without the password", async () => {
  const cluster = sharedCluster();
  cluster.clear();
  cluster.sql("DROP ROLE IF EXISTS protected");
  cluster.sql("CREATE ROLE protected LOGIN PASSWORD 'right'");
  const secret = (user: string, password: string, database = "taskscope") =>
    cluster.urlOf(database, user).replace("@", `:${password}@`);
  assertMatch(await refusal(secret("protected", "secret")), /^the user or the password is wrong/);
  assertMatch(await refusal(cluster.urlOf("taskscope", "protected")), /^the user or the password is wrong/);
  assertMatch(await refusal(secret("protected", "right")), /^the user may not do this/);
  assertMatch(await refusal(secret("taskscope", "secret", "none")), /^the database does not exist/);
  assertMatch(await refusal("postgres://me:secret@127.0.0.1:1/x"), /^it cannot be reached/);
  assertMatch(await refusal(`${cluster.url}?sslmode=require`), /^the server has no TLS/);
  cluster.sql("ALTER ROLE taskscope SET default_transaction_read_only = on");
  try {
    assertMatch(await refusal(cluster.url), /^the database is read-only/);
  } finally {
    cluster.sql("ALTER ROLE taskscope RESET default_transaction_read_only");
  }
  await cluster.set("fsync", "off");
  try {
    assertMatch(await refusal(cluster.url), /set fsync and full_page_writes to on$/);
  } finally {
    await cluster.set("fsync", "on");
  }
  await (await openPostgres(cluster.url))[Symbol.asyncDispose]();
  cluster.sql("UPDATE taskscope.meta SET version = 99, min_version = 99");
  assertMatch(await refusal(cluster.url), /^a newer Taskscope wrote it \(schema version 99/);
  cluster.sql("UPDATE taskscope.meta SET version = 99, min_version = 1");
  await (await openPostgres(cluster.url))[Symbol.asyncDispose]();
});

Deno.test("checkServer() refuses old servers, standbys and other encodings", async () => {
  const good = {
    ...{ number: 15_00_18, version: "15.18", fsync: "on", full_pages: "on", read_only: "off" },
    ...{ standby: false, encoding: "UTF8" },
  };
  const check = (found: Partial<typeof good>) => {
    const query = () => Promise.resolve({ command: "SELECT", rowCount: 1, rows: [{ ...good, ...found }] });
    return checkServer({ query }, "postgres://me@h/x");
  };
  await check({});
  for (
    const [found, message] of [
      [{ number: 13_00_20, version: "13.20" }, "PostgreSQL 13.20; version 14 or later is needed"],
      [{ standby: true, read_only: "on" }, "the server is a standby"],
      [{ encoding: "SQL_ASCII" }, "the encoding SQL_ASCII"],
    ] as const
  ) {
    await assertRejects(() => check(found), StorageError, message);
  }
});

test("PostgresStore connects with TLS, and trusts only the CA that the URL names", async () => {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
  try {
    await makeCertificate(folder);
    PostgresCluster.give(folder);
    using cluster = PostgresCluster.start([
      "ssl = on",
      `ssl_cert_file = '${folder}/cert.pem'`,
      `ssl_key_file = '${folder}/key.pem'`,
    ]);
    assertMatch(
      await refusal(`${cluster.url}?sslmode=verify-full`),
      /^the certificate of the server is not trusted/,
    );
    for (const mode of [`verify-full&sslrootcert=${folder}/cert.pem`, "require"]) {
      await using store = await openPostgres(`${cluster.url}?sslmode=${mode}`);
      store.put("c", storedTask(mode, store.takeSeq()));
      await store.committed();
      const sessions = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = $1";
      for (const { ssl } of await cluster.query(sessions, ["taskscope"])) assert(ssl);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

test("PostgresStore refuses PgBouncer in transaction mode, and accepts its session mode", async () => {
  const program = await findTool(["pgbouncer", "/usr/sbin/pgbouncer"], "The test of PgBouncer");
  if (program === undefined) return;
  const cluster = sharedCluster();
  cluster.clear();
  for (const mode of ["transaction", "session"] as const) {
    await using bouncer = await PgBouncer.start(program, cluster, mode);
    if (mode === "transaction") {
      assertMatch(
        await refusal(bouncer.url),
        /^a pooler such as PgBouncer in transaction mode is in front of it/,
      );
      continue;
    }
    await using store = await openPostgres(bouncer.url);
    store.put("c", storedTask("1", store.takeSeq()));
    await store.committed();
  }
});

test("inspectPostgres() counts what a database contains, and begins a new epoch on request", async () => {
  const cluster = sharedCluster();
  cluster.clear();
  await assertRejects(() => inspectPostgres(cluster.url, false), StorageError, "no server has used it yet");
  let epoch: string;
  {
    await using store = await openPostgres(cluster.url);
    ({ epoch } = store);
    store.put("c", storedTask("1", store.takeSeq()));
    store.put("d", storedTask("1", store.takeSeq(), "FINISHED"));
    await store.committed();
    const { bytes, ...contents } = await inspectPostgres(cluster.url, false);
    assertEquals(contents, {
      name: cluster.url,
      version: SCHEMA_VERSION,
      unfinished: 1,
      ended: 1,
      clients: 2,
    });
    assert(bytes > 0);
    await assertRejects(() => inspectPostgres(cluster.url, true), StorageError, "another server");
  }
  await inspectPostgres(cluster.url, true);
  await using store = await openPostgres(cluster.url);
  assertNotEquals(store.epoch, epoch);
});

test("inspectPostgres() reads every table that has data of tasks", async () => {
  const cluster = sharedCluster();
  cluster.clear();
  await (await openPostgres(cluster.url))[Symbol.asyncDispose]();
  for (const { name } of MOVED_TABLES) {
    cluster.sql(`REVOKE SELECT ON taskscope.${name} FROM taskscope`);
    const { reason } = await assertRejects(() => inspectPostgres(cluster.url, false), StorageError);
    assertMatch(reason, /permission denied for table/, name);
    cluster.sql(`GRANT SELECT ON taskscope.${name} TO taskscope`);
  }
  await inspectPostgres(cluster.url, false);
});
