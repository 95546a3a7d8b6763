import { readAddress } from "../../../../lib/store/postgres/postgres_address.ts";
import { Readers } from "../../../../lib/store/postgres/readers.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { testPostgres } from "../../../support/postgres_cluster.ts";

testPostgres(
  "Readers.close() completes queries that wait for a connection, and refuses new ones",
  async ({ url }) => {
    const readers = new Readers(readAddress(url));
    const numbers = Array.from({ length: 20 }, (_, index) => index);
    const queries = numbers.map((number) => readers.query(`SELECT ${number}::int AS number, pg_sleep(0.01)`));
    const closed = readers.close();
    await assertRejects(() => readers.query("SELECT 1"), Error, "closed");
    const results = await Promise.all(queries);
    assertEquals(results.map(({ rows }) => rows[0]?.number), numbers);
    await closed;
  },
);
