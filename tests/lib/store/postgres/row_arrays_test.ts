import { assertEquals } from "@std/assert";
import { columnArrays, unnestOf } from "../../../../lib/store/postgres/row_arrays.ts";
import { testPostgres } from "../../../support/postgres_cluster.ts";

testPostgres("columnArrays() passes every value unchanged", async (cluster) => {
  const rows = [
    [2 ** 53 - 1, 0.1, 'quotes " and \\ "\\"', "NULL"],
    [0, -1.5e-9, "{a,b}", null],
    [-1, null, "", " \n\t,"],
    [7, 1764581700.123456, "€ 😀 '", "null"],
  ];
  const columns = ["place", "progress", "text", "id"];
  const found = await cluster.query(
    `SELECT place::text, progress, text, id FROM ${unnestOf(columns)} AS r (${columns.join(", ")})`,
    columnArrays(rows, columns.length),
  );
  assertEquals(found.map(Object.values), rows.map(([place, ...values]) => [String(place), ...values]));
});

testPostgres("columnArrays() passes no rows", async (cluster) => {
  assertEquals(await cluster.query(`SELECT * FROM ${unnestOf(["place", "id"])}`, columnArrays([], 2)), []);
});
