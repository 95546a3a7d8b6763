import { nextTurn, PacedText, pieceSizeAt } from "../../../lib/http/paced_text.ts";
import { LongText, type Text } from "../../../lib/hub/long_text.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertLessOrEqual,
  assertStrictEquals,
} from "../../support/assert.ts";

/** A text that is long enough to be sent in pieces of every size. */
const RECORD = "\u{1f600}x".repeat(100_000);

function piecesOf(text: Text): Uint8Array[] {
  const paced = new PacedText(text);
  const pieces: Uint8Array[] = [];
  while (!paced.isAtEnd) pieces.push(paced.next());
  assertEquals(paced.position, text.length);
  return pieces;
}

Deno.test("PacedText encodes a text in pieces that end between two characters", () => {
  for (const text of [RECORD, new LongText("head", [RECORD, "", RECORD], "tail")]) {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const pieces = piecesOf(text);
    let position = 0;
    for (const piece of pieces) {
      const { length } = decoder.decode(piece, { stream: true });
      // A piece may exceed its size by one code unit, because a surrogate pair is not split.
      assertLessOrEqual(length, pieceSizeAt(position) + 1);
      position += length;
    }
    assertEquals(pieces.map((piece) => decoder.decode(piece)).join("") === text.toString(), true);
  }
});

Deno.test("PacedText shares the bytes of a long text only with other readers of the same text", () => {
  const text = new LongText("", [RECORD], "");
  const pieces = piecesOf(text);
  piecesOf(text).forEach((piece, index) => assertStrictEquals(piece, pieces[index]!));
  piecesOf(new LongText("", [RECORD], "")).forEach((piece, index) => {
    assert(piece !== pieces[index]);
    assertEquals(piece, pieces[index]!);
  });
});

Deno.test("nextTurn() resolves after all promise callbacks of the current turn", async () => {
  const order: string[] = [];
  const turn = nextTurn().then(() => order.push("turn"));
  for (let index = 0; index < 100; index++) await Promise.resolve();
  order.push("promises");
  await turn;
  assertEquals(order, ["promises", "turn"]);
});

Deno.test("pieceSizeAt() returns smaller sizes at the beginning, because a stuck peer gets only those pieces", () => {
  assertGreater(pieceSizeAt(1_000_000), pieceSizeAt(0));
});
