import { pruneDeclarations } from "../../.tools/declarations.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

const SOURCE = `/**
 * A module's comment.
 *
 * @module
 */
import { type Inner } from "./inner.ts";
/** Public. */
export interface Shown { /** The first. */ readonly inner: Inner;
    /** Says "}" and Unused; */
    readonly text: "}" | ';';
} /** Another. */ export declare function show(value: Shown): { a: number; };
export declare function show(): void;
export interface Inner { /** * Joined. * * @default {1} */ readonly other?: Other; }
type Other = { a: string; };
export interface Unused { }
export declare const NUMBER: 1;
`;

Deno.test("pruneDeclarations() keeps the dependencies of public names, and exports only public names", () => {
  const text = pruneDeclarations(SOURCE, new Set(["Shown", "show"]));
  const heads = text.match(/^(export )?(declare )?(interface|type|function|const) \w+/gm);
  assertEquals(heads, [
    "export interface Shown",
    "export declare function show",
    "export declare function show",
    "interface Inner",
    "type Other",
  ]);
  assertEquals(text.includes("import"), false);
  assertEquals(text.endsWith("\nexport {};\n"), true);
});

Deno.test("pruneDeclarations() restores the line breaks of comments", () => {
  const text = pruneDeclarations(SOURCE, new Set(["Inner"]));
  assertEquals(text.includes("\n/**\n * Joined.\n *\n * @default {1}\n */\n"), true, text);
});

Deno.test("pruneDeclarations() throws for missing, duplicate and unknown declarations", () => {
  assertThrows(() => pruneDeclarations(SOURCE, new Set(["Missing"])), Error, 'nothing declares "Missing"');
  assertThrows(
    () => pruneDeclarations(`${SOURCE}interface Unused { }\n`, new Set(["Shown"])),
    Error,
    'two modules declare "Unused"',
  );
  assertThrows(() => pruneDeclarations("declare global { }\n;", new Set()), Error, "unknown declaration");
});
