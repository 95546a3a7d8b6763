import { Connection } from "../../../../lib/store/postgres/connection.ts";
import { readAddress } from "../../../../lib/store/postgres/postgres_address.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { type PostgresCluster, testPostgres } from "../../../support/postgres_cluster.ts";

const NUMBERS = "SELECT n::text FROM generate_series(1, 10000) AS n";

function open({ url }: PostgresCluster): Promise<Connection> {
  return Connection.open(readAddress(url));
}

testPostgres("Connection.stream() passes every row in order, between other statements", async (cluster) => {
  const connection = await open(cluster);
  const values: string[] = [];
  const [, , after] = await Promise.all([
    connection.query("SELECT 1"),
    connection.stream(NUMBERS, ([value]) => values.push(String(value))),
    connection.query("SELECT 2 AS two"),
  ]);
  assertEquals(values, Array.from({ length: 10_000 }, (_, index) => `${index + 1}`));
  assertEquals(after.rows, [{ two: 2 }]);
  await connection.end();
});

testPostgres(
  "Connection.stream() rejects with the error that the function throws, and passes no further rows",
  async (cluster) => {
    const connection = await open(cluster);
    const values: string[] = [];
    const streamed = connection.stream(NUMBERS, ([value]) => {
      values.push(String(value));
      if (value === "3") throw new RangeError("three");
    });
    await assertRejects(() => streamed, RangeError, "three");
    assertEquals((await connection.query("SELECT 2 AS two")).rows, [{ two: 2 }]);
    assertEquals(values, ["1", "2", "3"]);
    await connection.end();
  },
);

testPostgres(
  "Connection.stream() rejects if the session ends, or the server stays silent",
  async (cluster) => {
    const ended = await open(cluster);
    await assertRejects(
      () => ended.stream("SELECT pg_terminate_backend(pg_backend_pid())", () => {}),
      Error,
      "terminating connection",
    );
    const silent = await open(cluster);
    await assertRejects(
      () => silent.stream("SELECT pg_sleep(60)", () => {}, 50),
      Error,
      "Query read timeout",
    );
    assertEquals(silent.isLost, true);
  },
);
