/**
 * Serves the module that programs import by URL: a script, as `.ts` for Deno and `.js` for browsers, and its
 * type declarations.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { ModuleSource } from "./module_source.ts";
import { isKnownVersion } from "../entity_tags.ts";
import { TextResponse } from "../responses.ts";
import type { Call } from "../route.ts";

/** The `Cache-Control` header for a file that an upgrade of the server may change. */
const REVALIDATED = "no-cache";
/** The `Cache-Control` header for a file of a certain version, which never changes. */
const IMMUTABLE = "public, max-age=31536000, immutable";

/** The names of the module's files. */
export const MODULE_FILES = ["monitored.ts", "monitored.js", "monitored.d.ts"] as const;

/** The name of a file of the module, one of {@linkcode MODULE_FILES}. */
export type ModuleFileName = (typeof MODULE_FILES)[number];

/** A file of the module, ready to be sent. */
interface ModuleFile {
  readonly body: string;
  readonly contentType: string;
}

/** Serves `/monitored.ts`, `/monitored.js`, `/monitored.d.ts`, and the same files below `/v{version}`. */
export class ModuleFiles {
  readonly #files: Readonly<Record<ModuleFileName, ModuleFile>>;
  readonly #etag: string;

  /** @param source the module's script, declarations and version */
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
      // Deno loads the type declarations from this URL, which is relative to the script.
      "x-typescript-types": "./monitored.d.ts",
      "x-content-type-options": "nosniff",
      // A page of any origin may load the module; the page's reports are checked like those of any other
      // program.
      "access-control-allow-origin": "*",
      "cross-origin-resource-policy": "cross-origin",
    };
    if (isKnownVersion(request, this.#etag)) {
      return new Response(null, { status: 304, headers });
    }
    return new TextResponse(body, { headers });
  }
}
