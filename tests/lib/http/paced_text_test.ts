import { nextTurn, PacedText, PIECE_SIZE } from "../../../lib/http/paced_text.ts";
import { LongText, type Text } from "../../../lib/hub/long_text.ts";
import { assert, assertEquals, assertStrictEquals } from "../../support/assert.ts";

function piecesOf(text: Text): Uint8Array[] {
  const paced = new PacedText(text);
  const pieces: Uint8Array[] = [];
  while (!paced.isAtEnd) pieces.push(paced.next());
  assertEquals(paced.position, text.length);
  return pieces;
}

Deno.test("PacedText encodes a text in pieces that end between two characters", () => {
  const record = "\u{1f600}x".repeat(PIECE_SIZE);
  for (const text of [record, new LongText("head", [record, "", record], "tail")]) {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const pieces = piecesOf(text);
    assert(pieces.every(({ length }) => length <= 3 * PIECE_SIZE));
    assertEquals(pieces.map((piece) => decoder.decode(piece)).join("") === text.toString(), true);
  }
});

Deno.test("PacedText shares the bytes of a long text with its other readers, and with nobody else", () => {
  const record = "\u{1f600}x".repeat(PIECE_SIZE);
  const text = new LongText("", [record], "");
  const pieces = piecesOf(text);
  piecesOf(text).forEach((piece, index) => assertStrictEquals(piece, pieces[index]!));
  piecesOf(new LongText("", [record], "")).forEach((piece, index) => {
    assert(piece !== pieces[index]);
    assertEquals(piece, pieces[index]!);
  });
});

Deno.test("nextTurn() resolves after the promises of this turn", async () => {
  const order: string[] = [];
  const turn = nextTurn().then(() => order.push("turn"));
  for (let index = 0; index < 100; index++) await Promise.resolve();
  order.push("promises");
  await turn;
  assertEquals(order, ["promises", "turn"]);
});
