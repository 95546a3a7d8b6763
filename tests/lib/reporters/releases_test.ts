/** Tests that the bytes of a released version never change. */

import { Buffer } from "node:buffer";
import {
  type BuiltFiles,
  manifestOf,
  readBuilt,
  release,
  RELEASED_FOLDER,
  tableOf,
} from "../../../.tools/release.ts";
import type { FileContent } from "../../../lib/reporters/release.ts";
import { RELEASED } from "../../../lib/reporters/released/mod.ts";
import { RELEASES } from "../../../lib/reporters/releases.ts";
import { VERSION } from "../../../lib/version.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../support/assert.ts";

function read(name: string): Promise<string> {
  return Deno.readTextFile(new URL(name, RELEASED_FOLDER));
}

/** Returns the bytes of the stored file with this content; archives are stored in base64. */
function asStored(content: FileContent): Uint8Array {
  return new TextEncoder().encode(
    typeof content === "string" ? content : Buffer.from(content).toString("base64"),
  );
}

/** Compares bytes; a difference of whole files would be too long to format. */
function assertSame(actual: Uint8Array, expected: Uint8Array | undefined, message: string): void {
  assert(expected !== undefined && Buffer.compare(actual, expected) === 0, message);
}

function storedName(name: string): string {
  return /\.(tgz|whl)$/.test(name) ? `${name}.base64` : name;
}

Deno.test("SHA256SUMS lists the digest of every released file", async () => {
  assertEquals(await read("SHA256SUMS"), await manifestOf(RELEASED_FOLDER));
});

Deno.test("RELEASED contains every released file", async () => {
  assertEquals(await read("mod.ts"), await tableOf(RELEASED_FOLDER));
  assertEquals(RELEASED[0]?.version, "0.1.0");
  for (const { version, files } of RELEASED) {
    for (const [name, content] of Object.entries(files)) {
      const bytes = await Deno.readFile(new URL(`${version}/${storedName(name)}`, RELEASED_FOLDER));
      assertSame(asStored(content), bytes, `${version}/${name} is not what is embedded`);
    }
  }
});

Deno.test("the build creates the same bytes as the release of the current version, if there is one", async () => {
  const built = await readBuilt();
  const { present, released } = RELEASES;
  assertEquals(present.version, VERSION);
  assertEquals(Object.keys(present.files).map(storedName).sort(), [...built.keys()].sort());
  const own = released.find(({ version }) => version === VERSION);
  for (const [name, content] of Object.entries(present.files)) {
    const bytes = built.get(storedName(name));
    assertSame(asStored(content), bytes, `${name} is not what the build made`);
    if (own === undefined) continue;
    assert(own.files[name] !== undefined, `version ${VERSION} is released without ${name}`);
    assertSame(asStored(own.files[name]), bytes, `${name} has changed: raise the version`);
  }
});

Deno.test("release() adds a version to the folder, and refuses to change one", async () => {
  const folder = new URL(`file://${await Deno.makeTempDir()}/`);
  try {
    const files = (entries: Record<string, string>): BuiltFiles =>
      new Map(Object.entries(entries).map(([name, text]) => [name, new TextEncoder().encode(text)]));
    await release("1.9.0", files({ "a.js": "1" }), folder);
    await release("1.10.0", files({ "a.js": "2", "b.tgz.base64": "3" }), folder);
    const table = await Deno.readTextFile(new URL("mod.ts", folder));
    const imports = [...table.matchAll(/from "\.\/(.*)" with \{ type: "text" \}/g)];
    assertEquals(imports.map(([, path]) => path), ["1.9.0/a.js", "1.10.0/a.js", "1.10.0/b.tgz.base64"]);
    assertStringIncludes(table, '"b.tgz": decodeArchive(file2)');
    const before = await manifestOf(folder);
    await release("1.10.0", files({ "a.js": "2", "b.tgz.base64": "3" }), folder);
    const others: readonly (readonly [entries: Record<string, string>, named: string])[] = [
      [{ "a.js": "2", "b.tgz.base64": "4" }, "b.tgz.base64"],
      [{ "a.js": "2" }, "b.tgz.base64"],
      [{ "a.js": "2", "b.tgz.base64": "3", "c.whl": "5" }, "c.whl"],
    ];
    for (const [entries, named] of others) {
      const error = await assertRejects(() => release("1.10.0", files(entries), folder), Error);
      assertStringIncludes((error as Error).message, `it is already released, with another ${named}.`);
      assertEquals(await manifestOf(folder), before);
    }
    assertEquals(await Deno.readTextFile(new URL("SHA256SUMS", folder)), before);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
