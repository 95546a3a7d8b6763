/**
 * Serves the module that programs import by URL: one script, as `.ts` for Deno and `.js` for browsers, and its types.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { ModuleSource } from "./module_source.ts";
import type { Call } from "../route.ts";

/** `Cache-Control` of a file that an upgrade of the server may change. */
const REVALIDATED = "no-cache";
/** `Cache-Control` of a file of a certain version, which never changes. */
const IMMUTABLE = "public, max-age=31536000, immutable";

/** The names of the files. */
export const MODULE_FILES = ["monitored.ts", "monitored.js", "monitored.d.ts"] as const;

/** One of {@linkcode MODULE_FILES}. */
export type ModuleFileName = (typeof MODULE_FILES)[number];

/** One of the files. */
interface ModuleFile {
  readonly body: string;
  readonly contentType: string;
}

/** Serves `/monitored.ts`, `/monitored.js`, `/monitored.d.ts`, and the same files below `/v{version}`. */
export class ModuleFiles {
  readonly #files: Readonly<Record<ModuleFileName, ModuleFile>>;
  readonly #etag: string;

  /** @param source the module */
  constructor({ script, declarations }: ModuleSource) {
    const javaScript = { body: script, contentType: "text/javascript; charset=utf-8" };
    this.#files = {
      "monitored.ts": javaScript,
      "monitored.js": javaScript,
      "monitored.d.ts": { body: declarations, contentType: "application/typescript; charset=utf-8" },
    };
    this.#etag = `"${createHash("sha256").update(script).update(declarations).digest("base64url")}"`;
  }

  /** `GET /{name}` and `GET /v{version}/{name}` */
  answer(name: ModuleFileName, { request }: Call, isVersioned: boolean): Response {
    const { body, contentType } = this.#files[name];
    const headers = {
      "content-type": contentType,
      "cache-control": isVersioned ? IMMUTABLE : REVALIDATED,
      etag: this.#etag,
      // Deno loads the types from this URL, relative to the script.
      "x-typescript-types": "./monitored.d.ts",
      "x-content-type-options": "nosniff",
      // A page of any origin may load the module. Its reports are checked like those of any other program.
      "access-control-allow-origin": "*",
      "cross-origin-resource-policy": "cross-origin",
    };
    if (this.#matches(request.headers.get("if-none-match"))) {
      return new Response(null, { status: 304, headers });
    }
    return new Response(body, { headers });
  }

  /** Whether one of the tags is the current one. A proxy that compresses makes it a weak tag (RFC 9110, section 13.1.2). */
  #matches(tags: string | null): boolean {
    return tags?.split(",").some((tag) => tag.trim().replace(/^W\//, "") === this.#etag) ?? false;
  }
}
