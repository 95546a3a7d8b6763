/**
 * Builds the Python reporter: the wheel `lib/dist/packages/taskscope-{version}-py3-none-any.whl`, and one
 * file with the same code, `lib/dist/packages/taskscope.py`.
 *
 * @module
 */

import { VERSION } from "../lib/version.ts";
import { isUpToDate, writeAtomically } from "./outputs.ts";
import { joinModules } from "./python_file.ts";
import type { ArchivedFile } from "./tar.ts";
import { createZip } from "./zip.ts";

const ROOT = new URL("../", import.meta.url);
const FOLDER = new URL("lib/reporters/python/", ROOT);
const LICENSE = new URL("LICENSE", ROOT);
const WHEEL = new URL(`lib/dist/packages/taskscope-${VERSION}-py3-none-any.whl`, ROOT);
const SCRIPT = new URL("lib/dist/packages/taskscope.py", ROOT);

/** The files that {@linkcode buildPythonPackage} writes. */
export const PYTHON_OUTPUTS: readonly URL[] = [WHEEL, SCRIPT];

/** Builds the wheel and the file, unless they are newer than all their inputs. */
export async function buildPythonPackage(): Promise<void> {
  const inputs = ["lib/version.ts", "LICENSE", ".tools/"].map((path) => new URL(path, ROOT));
  if (await isUpToDate(PYTHON_OUTPUTS, [...inputs, FOLDER])) return;
  await writeAtomically(WHEEL, await createWheel());
  await writeAtomically(SCRIPT, await createScript());
}

/** Creates the wheel. The same source always yields the same bytes. */
export async function createWheel(): Promise<Uint8Array<ArrayBuffer>> {
  const info = `taskscope-${VERSION}.dist-info`;
  const files = await readPackage();
  files.set(`${info}/licenses/LICENSE`, await Deno.readTextFile(LICENSE));
  files.set(`${info}/METADATA`, await metadata());
  files.set(`${info}/WHEEL`, WHEEL_FIELDS);
  const encoder = new TextEncoder();
  const archived: ArchivedFile[] = [];
  const records: string[] = [];
  for (const [path, text] of files) {
    const bytes = encoder.encode(text);
    archived.push({ path, bytes });
    records.push(`${path},sha256=${await digest(bytes)},${bytes.length}\n`);
  }
  const record = `${info}/RECORD`;
  archived.push({ path: record, bytes: encoder.encode(`${records.join("")}${record},,\n`) });
  return createZip(archived);
}

/** Creates a single file that behaves like the package. */
export async function createScript(): Promise<string> {
  const license = await Deno.readTextFile(LICENSE);
  return joinModules(await readPackage(), license);
}

const WHEEL_FIELDS = "Wheel-Version: 1.0\nGenerator: taskscope\nRoot-Is-Purelib: true\nTag: py3-none-any\n";

async function metadata(): Promise<string> {
  const fields = [
    "Metadata-Version: 2.1",
    "Name: taskscope",
    `Version: ${VERSION}`,
    "Summary: Reports long-running tasks to a Taskscope server, which shows them live",
    "License: MIT",
    "Requires-Python: >=3.9",
    "Description-Content-Type: text/markdown",
  ];
  return `${fields.join("\n")}\n\n${await Deno.readTextFile(new URL("README.md", FOLDER))}`;
}

/** Returns the text of each file of the package, by its path, in the order of the paths. */
async function readPackage(): Promise<Map<string, string>> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(new URL("taskscope/", FOLDER))) {
    if (/\.py$|^py\.typed$/.test(name)) names.push(name);
  }
  const files = new Map<string, string>();
  for (const name of names.sort()) {
    const text = await Deno.readTextFile(new URL(`taskscope/${name}`, FOLDER));
    files.set(`taskscope/${name}`, name === "__init__.py" ? withVersion(text) : text);
  }
  return files;
}

function withVersion(text: string): string {
  const replaced = text.replace(/^__version__ = .*$/m, `__version__ = "${VERSION}"`);
  if (replaced === text) throw new Error("Cannot build the Python package: __init__.py has no __version__");
  return replaced;
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return hash.toBase64({ alphabet: "base64url", omitPadding: true });
}
