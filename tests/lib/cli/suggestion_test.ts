import { closestWord, didYouMean } from "../../../lib/cli/suggestion.ts";
import { assertEquals } from "../../support/assert.ts";

const COMMANDS = ["serve", "run", "ls", "watch", "wait", "cancel", "token", "check", "restore", "report"];

Deno.test("closestWord() finds a word with a typing error, or its beginning", () => {
  const table: [string, string | null][] = [
    ["wtach", "watch"],
    ["WATCH", "watch"],
    ["wat", "watch"],
    ["wiat", "wait"],
    ["wtch", "watch"],
    ["cansel", "cancel"],
    ["cnacl", "cancel"],
    ["rnu", "run"],
    ["l", "ls"],
    ["lss", "ls"],
    ["re", null],
    ["rest", "restore"],
    ["can", "cancel"],
    ["frobnicate", null],
    ["x", null],
    ["xy", null],
    ["", null],
    ["w".repeat(100_000), null],
  ];
  for (const [word, expected] of table) {
    assertEquals(closestWord(word, COMMANDS), expected, word.slice(0, 99));
  }
  assertEquals(closestWord("watch", []), null);
});

Deno.test("didYouMean() ends an error message with the word that was probably meant, or with the given ending", () => {
  assertEquals(didYouMean("finised", ["FINISHED", "ERROR"], "; no"), '; did you mean "FINISHED"?');
  assertEquals(didYouMean("running", ["FINISHED", "ERROR"], "; no"), "; no");
});
