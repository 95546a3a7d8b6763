// deno-lint-ignore-file no-console -- the tool prints its result
/**
 * Prints the software bill of materials of the executable in the format of CycloneDX 1.6:
 * `deno run --allow-read --allow-run .tools/sbom.ts > sbom.json`.
 *
 * @module
 */

import { COMMIT } from "../lib/commit.ts";
import { VERSION } from "../lib/version.ts";
import { runDeno } from "./outputs.ts";

const LOCK = new URL("../deno.lock", import.meta.url);

/** The entry points of the program, its pages and the importable module. */
const ENTRIES = [
  "main.ts",
  "ui/browser/list_entry.tsx",
  "ui/browser/task_entry.tsx",
  "ui/browser/window_entry.ts",
  "lib/served.ts",
];

/** The part of `deno.lock` that the bill of materials needs: the digest of each npm package. */
export interface Lock {
  readonly npm: Readonly<Record<string, { readonly integrity: string }>>;
}

/** A component of the executable: an npm package, or Deno itself. */
export interface Component {
  readonly type: "library" | "platform";
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly "bom-ref": string;
  readonly hashes?: readonly { readonly alg: "SHA-512"; readonly content: string }[];
}

/** A bill of materials in the format of CycloneDX. */
export interface Sbom {
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.6";
  readonly version: 1;
  readonly metadata: {
    readonly timestamp: string;
    readonly component: {
      readonly type: "application";
      readonly name: "taskscope";
      readonly version: string;
      readonly "bom-ref": string;
    };
  };
  readonly components: readonly Component[];
}

/** The input of {@linkcode createSbom}. */
export interface SbomParts {
  readonly lock: Lock;
  /** The keys, in the lock file, of the packages that the program contains. */
  readonly packages: Iterable<string>;
  readonly denoVersion: string;
  /** The version of the program, with the commit if it is known. */
  readonly version: string;
  readonly at: Date;
}

/**
 * Creates a bill of materials.
 *
 * @param parts the packages with their digests, and the versions of the program and Deno
 * @returns the bill of materials, sorted by name
 * @throws {Error} if the lock file has no digest of a package
 */
export function createSbom({ lock, packages, denoVersion, version, at }: SbomParts): Sbom {
  const libraries = [...packages].sort().map((key) => libraryOf(key, lock));
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: at.toISOString(),
      component: { type: "application", name: "taskscope", version, "bom-ref": `taskscope@${version}` },
    },
    components: [...libraries, denoOf(denoVersion)],
  };
}

function libraryOf(key: string, lock: Lock): Component {
  const integrity = lock.npm[key]?.integrity;
  if (integrity === undefined) throw new Error(`Cannot list "${key}": deno.lock has no digest for it`);
  // The part of the key after "_" lists the peer dependencies that the package was resolved with.
  const [, name, version] = /^(@?[^@]+)@([^_]+)/.exec(key) as unknown as [string, string, string];
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  const content = hexOf(integrity.replace(/^sha512-/, ""));
  return { type: "library", name, version, purl, "bom-ref": purl, hashes: [{ alg: "SHA-512", content }] };
}

function denoOf(version: string): Component {
  const purl = `pkg:github/denoland/deno@v${version}`;
  return { type: "platform", name: "deno", version, purl, "bom-ref": purl };
}

function hexOf(base64: string): string {
  return Array.from(atob(base64), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

/**
 * Returns the keys, in the lock file, of the npm packages that the program contains, including transitive dependencies, but
 * without the packages of tests and tools.
 */
export async function shippedPackages(): Promise<ReadonlySet<string>> {
  interface Info {
    readonly modules: readonly { readonly kind: string; readonly npmPackage?: string }[];
    readonly npmPackages: Readonly<Record<string, { readonly dependencies: readonly string[] }>>;
  }
  const shipped = new Set<string>();
  for (const entry of ENTRIES) {
    const { modules, npmPackages }: Info = JSON.parse(await runDeno(["info", "--json", entry]));
    const waiting = modules.flatMap(({ npmPackage }) => npmPackage ?? []);
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
      if (shipped.has(key)) continue;
      shipped.add(key);
      waiting.push(...npmPackages[key]?.dependencies ?? []);
    }
  }
  return shipped;
}

if (import.meta.main) {
  const sbom = createSbom({
    lock: JSON.parse(await Deno.readTextFile(LOCK)),
    packages: await shippedPackages(),
    denoVersion: Deno.version.deno,
    version: COMMIT === "" ? VERSION : `${VERSION}+${COMMIT}`,
    at: new Date(),
  });
  console.log(JSON.stringify(sbom, null, 2));
}
