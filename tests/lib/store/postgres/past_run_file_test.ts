import type { PastRunRow } from "../../../../lib/store/database/past_run_rows.ts";
import { PastRunFile, type PastRunPack } from "../../../../lib/store/postgres/past_run_file.ts";
import { assertEquals } from "../../../support/assert.ts";
import { until } from "../../../support/until.ts";

const LIMITS = { pastRunsPerName: 3, pastRuns: 100, pastRunAgeMs: Number.MAX_SAFE_INTEGER };

/** Returns past runs that ended in the given seconds, as the database returns them. */
function packOf(...ends: readonly number[]): PastRunPack {
  const columns = [
    ends,
    ends.map((end) => `id ${end}`),
    ends.map(() => "FINISHED"),
    ends.map((end) => end - 2),
    ends.map((end) => end === 1 ? null : end - 1),
  ];
  return { count: ends.length, runs: JSON.stringify(columns) };
}

function rowOf(client: string, name: string, end: number): PastRunRow {
  return [client, name, end, `id ${end}`, "FINISHED", end - 2, end - 1];
}

/**
 * Returns the ends of the past runs of a name, as found by a query for that name, or with `isAsked` false,
 * for all names.
 */
function endsOf(file: PastRunFile, client: string, name: string, isAsked = true): unknown[] {
  const sql = "SELECT finished_at FROM past_runs WHERE client = ? AND name = ? ORDER BY finished_at";
  return file.rows(client, isAsked ? name : null, sql, [client, name]).flat();
}

Deno.test("PastRunFile.rows() finds packed runs by name and by client", () => {
  using file = new PastRunFile(LIMITS);
  for (const client of ["a", "b"]) for (const name of ['"x"', '"y"']) file.pack(client, name, packOf(1, 2));
  assertEquals(endsOf(file, "a", '"y"'), [1, 2]);
  assertEquals(endsOf(file, "a", '"x"', false), [1, 2]);
  assertEquals(endsOf(file, "b", '"x"', false), [1, 2]);
  const [row] = file.rows("b", '"y"', "SELECT * FROM past_runs WHERE client = 'b' AND name = '\"y\"'", []);
  assertEquals(row, ["b", '"y"', 1, "id 1", "FINISHED", -1, null]);
});

Deno.test("PastRunFile.add() adds runs to packed ones, within the limits", () => {
  using file = new PastRunFile({ ...LIMITS, pastRuns: 5 });
  file.pack("a", '"x"', packOf(1, 2, 3));
  file.pack("b", '"x"', packOf(1, 2));
  file.add([rowOf("a", '"x"', 3), rowOf("a", '"x"', 4)]);
  assertEquals([endsOf(file, "a", '"x"'), endsOf(file, "b", '"x"')], [[2, 3, 4], [1, 2]]);
  file.add([rowOf("a", '"z"', 5)]);
  assertEquals([endsOf(file, "a", '"x"'), endsOf(file, "b", '"x"')], [[3, 4], [1, 2]]);
  assertEquals(file.droppedOf(0), [["a", '"x"', 2, "id 2"]]);
});

Deno.test("PastRunFile.add() drops packed runs beyond the limit on all runs", () => {
  using file = new PastRunFile({ ...LIMITS, pastRuns: 4 });
  file.pack("a", '"x"', packOf(1, 2, 3));
  file.pack("b", '"x"', packOf(1));
  file.add([rowOf("c", '"x"', 4)]);
  assertEquals(file.droppedOf(0), [["a", '"x"', 1, "id 1"]]);
});

Deno.test("PastRunFile.droppedOf() returns the runs that the next commit of a shard must delete, until they are deleted", () => {
  using file = new PastRunFile({ ...LIMITS, pastRuns: 2 }, (client) => Number(client));
  file.add([rowOf("1", '"x"', 1), rowOf("1", '"x"', 2)]);
  // Beyond the limit, the client with the most past runs loses its oldest ones.
  for (const end of [3, 4, 5]) file.add([rowOf("2", '"x"', end)]);
  const of = (shard: number) => file.droppedOf(shard).map(([client, , end]) => [client, end]);
  assertEquals([of(1), of(2), of(3)], [[["1", 1]], [["2", 3], ["2", 4]], []]);
  file.deleted(1, Infinity);
  file.deleted(2, 1);
  file.deleted(3, 1);
  assertEquals([of(1), of(2)], [[], [["2", 4]]]);
});

Deno.test("PastRunFile unpacks runs in the background if nobody requests them", async () => {
  using file = new PastRunFile(LIMITS);
  file.pack("a", '"x"', packOf(1));
  file.pack("b", '"y"', packOf(2));
  const all = () => file.rows("none", null, "SELECT client FROM past_runs ORDER BY client", []).flat();
  assertEquals(all(), []);
  await until(() => all().length === 2);
  assertEquals(all(), ["a", "b"]);
});
