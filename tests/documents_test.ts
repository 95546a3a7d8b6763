/** Checks that links and paths in the documents exist, and that README.md is short. */

import { assert, assertEquals } from "./support/assert.ts";

const ROOT = new URL("../", import.meta.url);
const DOCUMENTS = [
  "README.md",
  ".github/ARCHITECTURE.md",
  ".github/CONTRIBUTING.md",
  ".github/SECURITY.md",
  ".github/guides/cluster.md",
  ".github/guides/operating.md",
  ".github/guides/postgresql.md",
  ".github/guides/reflex.md",
  ".github/guides/reporting.md",
  ".github/guides/watching.md",
];

async function exists(path: URL): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** Returns the anchors that GitHub creates for the headings of a document. */
async function anchorsOf(document: URL): Promise<string[]> {
  const text = await Deno.readTextFile(document);
  return Array.from(
    text.matchAll(/^#+ (.+)$/gm),
    ([, heading]) => heading!.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-"),
  );
}

for (const path of DOCUMENTS) {
  Deno.test(`${path} links only to files and headings that exist`, async () => {
    const url = new URL(path, ROOT);
    const text = await Deno.readTextFile(url);
    const links = Array.from(text.matchAll(/\]\((?!https?:)([^)]+)\)/g), ([, link]) => link!);
    const broken: string[] = [];
    for (const link of links) {
      const [file, anchor] = link.split("#");
      const target = file === "" ? url : new URL(file!, url);
      const hasAnchor = async () => anchor === undefined || (await anchorsOf(target)).includes(anchor);
      if (!await exists(target) || !await hasAnchor()) broken.push(link);
    }
    assertEquals(broken, []);
  });

  Deno.test(`${path} names only files that exist`, async () => {
    const text = await Deno.readTextFile(new URL(path, ROOT));
    const named = Array.from(
      text.matchAll(/`((?:lib|ui|tests|\.tools|\.ci|\.github)\/[\w./-]+)`/g),
      ([, file]) => file!,
    ).filter((file) => !file.includes("/dist/"));
    const missing: string[] = [];
    for (const file of new Set(named)) if (!await exists(new URL(file, ROOT))) missing.push(file);
    assertEquals(missing, []);
  });
}

Deno.test("README.md has at most 150 lines", async () => {
  const lines = (await Deno.readTextFile(new URL("README.md", ROOT))).split("\n").length - 1;
  assert(lines <= 150, `README.md has ${lines} lines`);
});
