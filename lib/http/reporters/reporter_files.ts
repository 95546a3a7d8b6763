/**
 * Serves the files that programs import or install to report, of this version and of every released version.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { allReleases, type FileContent, type Release, type Releases } from "../../reporters/release.ts";
import { isKnownVersion } from "../entity_tags.ts";
import { Problem } from "../problem.ts";
import { TextResponse } from "../responses.ts";
import type { Call } from "../route.ts";

/** The `Cache-Control` header for a file that an upgrade of the server may change. */
const REVALIDATED = "no-cache";
/** The `Cache-Control` header for a file of a released version, which never changes. */
const IMMUTABLE = "public, max-age=31536000, immutable";

/** The maximum number of characters of a path that an error message repeats. */
const MAX_PATH_CHARACTERS = 80;

/** A kind of file that each version may have. */
export interface FileKind {
  /** The path in which `{version}` stands for the version. */
  readonly path: `/${string}`;
  /** The path without a version, for the file of the present version; absent if there is no such path. */
  readonly present?: `/${string}`;
  /** The name of the file in a release, in which `{version}` stands for the version. */
  readonly file: string;
  readonly contentType: string;
  readonly isModule?: boolean;
}

const JAVASCRIPT = "text/javascript; charset=utf-8";

/** The kinds of files that programs load to report: modules, archives and scripts. */
export const FILE_KINDS = {
  typeScript: {
    path: "/v{version}/monitored.ts",
    present: "/monitored.ts",
    file: "monitored.js",
    contentType: JAVASCRIPT,
    isModule: true,
  },
  javaScript: {
    path: "/v{version}/monitored.js",
    present: "/monitored.js",
    file: "monitored.js",
    contentType: JAVASCRIPT,
    isModule: true,
  },
  declarations: {
    path: "/v{version}/monitored.d.ts",
    present: "/monitored.d.ts",
    file: "monitored.d.ts",
    contentType: "application/typescript; charset=utf-8",
    isModule: true,
  },
  python: {
    path: "/v{version}/taskscope.py",
    present: "/taskscope.py",
    file: "taskscope.py",
    contentType: "text/x-python; charset=utf-8",
  },
  wheel: {
    path: "/python/taskscope-{version}-py3-none-any.whl",
    file: "taskscope-{version}-py3-none-any.whl",
    contentType: "application/zip",
  },
  tarball: {
    path: "/npm/taskscope-{version}.tgz",
    file: "taskscope-{version}.tgz",
    contentType: "application/gzip",
  },
} as const satisfies Record<string, FileKind>;

/** Returns whether the files of a kind are archives, which are not compressed again. */
export function isArchive({ contentType }: FileKind): boolean {
  return !contentType.includes("charset");
}

/** The name of a kind of files. */
export type FileKindName = keyof typeof FILE_KINDS;

/** The digest of a file, in the forms in which it is sent. */
interface Digest {
  readonly etag: string;
  /** The SHA-256 in hexadecimal. */
  readonly sha256: string;
}

/** Serves the files of all versions. */
export class ReporterFiles {
  /** The present version, followed by the earlier versions, newest first. */
  readonly #releases: readonly [Release, ...Release[]];
  readonly #released: ReadonlySet<Release>;
  readonly #basePath: string;
  /** The digests of the files that were requested so far. */
  readonly #digests: Map<FileContent, Digest> = new Map();

  /**
   * @param releases the versions and their files
   * @param basePath the path that all routes are below
   */
  constructor(releases: Releases, basePath: string) {
    this.#releases = allReleases(releases);
    this.#released = new Set(releases.released);
    this.#basePath = basePath;
  }

  /** The wheels of all versions: their paths below the base path, and their SHA-256 in hexadecimal. */
  get wheels(): { readonly path: string; readonly sha256: string }[] {
    const { path } = FILE_KINDS.wheel;
    return this.#releases.flatMap((release) => {
      const content = fileOf(release, FILE_KINDS.wheel);
      if (content === undefined) return [];
      return [{ path: withVersion(path, release.version), sha256: this.#digestOf(content).sha256 }];
    });
  }

  /**
   * Responds with a file of the version that the path names, or of the present version.
   *
   * @param name the kind of the file
   * @param call the request
   * @param isVersioned whether the path names the version
   * @throws {Problem} 404 if the server doesn't have the file
   */
  answer(name: FileKindName, { request, version }: Call, isVersioned: boolean): Response {
    const kind: FileKind = FILE_KINDS[name];
    const release = isVersioned ? this.#releases.find((each) => each.version === version) : this.#releases[0];
    const content = release === undefined ? undefined : fileOf(release, kind);
    if (release === undefined || content === undefined) throw this.#missing(kind, request);
    const { etag } = this.#digestOf(content);
    const headers: Record<string, string> = {
      "content-type": kind.contentType,
      // Until a version is released, its files may change from build to build.
      "cache-control": isVersioned && this.#released.has(release) ? IMMUTABLE : REVALIDATED,
      etag,
      "x-content-type-options": "nosniff",
      // A page of any origin may load these files; the page's reports are checked like those of any other
      // program.
      "access-control-allow-origin": "*",
      "cross-origin-resource-policy": "cross-origin",
    };
    // Deno loads the type declarations from this URL, which is relative to the script.
    if (kind.isModule === true) headers["x-typescript-types"] = "./monitored.d.ts";
    if (isKnownVersion(request, etag)) return new Response(null, { status: 304, headers });
    return typeof content === "string"
      ? new TextResponse(content, { headers })
      : new Response(content, { headers });
  }

  #missing(kind: FileKind, request: Request): Problem {
    const having = this.#releases.find((release) => fileOf(release, kind) !== undefined);
    const { pathname } = new URL(request.url);
    const asked = `${pathname.slice(0, MAX_PATH_CHARACTERS)} does not exist`;
    const there = having === undefined
      ? ""
      : `; this server has ${this.#basePath}${withVersion(kind.path, having.version)}`;
    return new Problem("not_found", `${asked}${there}`);
  }

  #digestOf(content: FileContent): Digest {
    let digest = this.#digests.get(content);
    if (digest === undefined) {
      const bytes = createHash("sha256").update(content).digest();
      digest = { etag: `"${bytes.toString("base64url")}"`, sha256: bytes.toString("hex") };
      this.#digests.set(content, digest);
    }
    return digest;
  }
}

function fileOf({ version, files }: Release, { file }: FileKind): FileContent | undefined {
  const name = withVersion(file, version);
  return Object.hasOwn(files, name) ? files[name] : undefined;
}

function withVersion(template: string, version: string): string {
  return template.replace("{version}", version);
}
