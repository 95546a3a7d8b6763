// deno-lint-ignore-file no-console -- the tool prints its result
/**
 * Releases the present version: copies the built files that programs import or install to `lib/reporters/released/`, from
 * where they are served for ever: `deno task release`.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { VERSION } from "../lib/version.ts";
import { ARCHIVE_OUTPUTS } from "./archives.ts";
import { MODULE_OUTPUTS } from "./module.ts";
import { writeAtomically } from "./outputs.ts";
import { PYTHON_OUTPUTS } from "./python_package.ts";

/** The built files of a version, by name. */
export type BuiltFiles = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** The folder that contains one folder per released version. */
export const RELEASED_FOLDER = new URL("../lib/reporters/released/", import.meta.url);

/** The built files that a release consists of; archives are encoded as texts. */
export const RELEASE_OUTPUTS: readonly URL[] = [
  ...MODULE_OUTPUTS,
  ...PYTHON_OUTPUTS.filter(({ pathname }) => pathname.endsWith(".py")),
  ...ARCHIVE_OUTPUTS,
];

/** The name of the file with the SHA-256 of every released file, which `sha256sum --check` reads. */
const MANIFEST = "SHA256SUMS";
/** Matches the names of encoded archives. */
const ENCODED = /\.base64$/;

/** Reads the built files. */
export async function readBuilt(): Promise<BuiltFiles> {
  const entries = RELEASE_OUTPUTS.map(async (url) => [nameOf(url), await Deno.readFile(url)] as const);
  return new Map(await Promise.all(entries));
}

/**
 * Adds a version to the released versions.
 *
 * @param version the version
 * @param files the files of the version
 * @param folder the folder with the released versions, their manifest, and the table `mod.ts`
 * @throws {Error} if the version is already released with other files; in that case, no file is changed
 */
export async function release(version: string, files: BuiltFiles, folder: URL): Promise<void> {
  const own = new URL(`${version}/`, folder);
  const released = await namesIn(own);
  if (released.length > 0) {
    const differing = new Set([...released, ...files.keys()]);
    for (const name of released) {
      const content = await Deno.readFile(new URL(name, own));
      const built = files.get(name);
      if (built !== undefined && digest(built) === digest(content)) differing.delete(name);
    }
    if (differing.size > 0) {
      throw new Error(
        `Cannot release ${version}: it is already released, with another ${[...differing].join(", ")}. ` +
          "Raise the version in deno.json, lib/version.ts and lib/reporters/releases.ts",
      );
    }
  }
  for (const [name, content] of files) await writeAtomically(new URL(name, own), content);
  await writeAtomically(new URL(MANIFEST, folder), await manifestOf(folder));
  await writeAtomically(new URL("mod.ts", folder), await tableOf(folder));
}

/** Returns the manifest of a folder: the SHA-256 and the path of each released file. */
export async function manifestOf(folder: URL): Promise<string> {
  const lines = (await filesIn(folder)).map(async ({ path }) =>
    `${digest(await Deno.readFile(new URL(path, folder)))}  ${path}\n`
  );
  return (await Promise.all(lines)).join("");
}

/** Returns the source of the table, which imports every released file, so that the program contains it. */
export async function tableOf(folder: URL): Promise<string> {
  const files = (await filesIn(folder)).map((file, index) => ({ ...file, variable: `file${index}` }));
  const imports = files.map(({ path, variable }) =>
    `import ${variable} from "./${path}" with { type: "text" };\n`
  );
  const rows = [...Map.groupBy(files, ({ version }) => version)].map(([version, own]) =>
    `  {\n    version: "${version}",\n    files: {\n${
      own.map(({ name, variable }) =>
        ENCODED.test(name)
          ? `      "${name.replace(ENCODED, "")}": decodeArchive(${variable}),\n`
          : `      "${name}": ${variable},\n`
      ).join("")
    }    },\n  },\n`
  );
  const decodes = files.some(({ name }) => ENCODED.test(name));
  const imported = `import ${
    decodes ? "{ decodeArchive, type Release }" : "type { Release }"
  } from "../release.ts";`;
  return `/**
 * The released versions. Their files never change: any change is a new version. Written by \`deno task release\`.
 *
 * @module
 */

${imported}
${imports.join("")}
/** The released versions, oldest first. */
export const RELEASED: readonly Release[] = [
${rows.join("")}];
`;
}

interface ReleasedFile {
  readonly version: string;
  readonly name: string;
  /** The path relative to the folder of released versions. */
  readonly path: string;
}

async function filesIn(folder: URL): Promise<ReleasedFile[]> {
  const versions: string[] = [];
  for await (const entry of Deno.readDir(folder)) if (entry.isDirectory) versions.push(entry.name);
  versions.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const files: ReleasedFile[] = [];
  for (const version of versions) {
    for (const name of await namesIn(new URL(`${version}/`, folder))) {
      files.push({ version, name, path: `${version}/${name}` });
    }
  }
  return files;
}

async function namesIn(folder: URL): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function nameOf(url: URL): string {
  return url.pathname.split("/").at(-1)!;
}

function digest(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

if (import.meta.main) {
  try {
    const files = await readBuilt();
    await release(VERSION, files, RELEASED_FOLDER);
    console.log(`Released ${VERSION}: ${[...files.keys()].join(", ")}. Commit lib/reporters/released/`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
