/**
 * Reads the table of SECURITY.md that says who may do what.
 *
 * @module
 */

const DOCUMENT = new URL("../../.github/SECURITY.md", import.meta.url);

/** A row of the access table: a call, and the response status for each kind of visitor. */
export interface AccessRow {
  readonly call: string;
  readonly statuses: ReadonlyMap<string, number>;
}

/** Reads the access table. */
export async function readTable(): Promise<AccessRow[]> {
  const lines = (await Deno.readTextFile(DOCUMENT)).split("\n").filter((line) => line.startsWith("|"));
  const cells = lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const start = cells.findIndex(([first]) => first === "call");
  const [, ...columns] = cells[start]!;
  return cells.slice(start + 2).filter(([call]) => call!.startsWith("`")).map(([call, ...statuses]) => ({
    call: call!.replaceAll("`", ""),
    statuses: new Map(columns.map((column, index) => [column, Number(statuses[index])])),
  }));
}
