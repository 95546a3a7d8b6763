/**
 * The module that programs import by URL: one file for Deno and browsers, under the two names that they expect, and its
 * declarations.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { ModuleSource } from "./module_source.ts";
import type { Call } from "../route.ts";

/** How browsers and Deno are to keep what may be another file after the next upgrade. */
const REVALIDATED = "no-cache";
/** Its content never changes: another version has another address. */
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

/** Answers requests for `/monitored.ts`, `/monitored.js`, `/monitored.d.ts`, and the same below `/v{version}`. */
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
      // Beside the file itself; Deno reads the types from there.
      "x-typescript-types": "./monitored.d.ts",
      "x-content-type-options": "nosniff",
      // A page of any origin may load it. What it may do with it is another question.
      "access-control-allow-origin": "*",
      "cross-origin-resource-policy": "cross-origin",
    };
    if (this.#isKept(request.headers.get("if-none-match"))) {
      return new Response(null, { status: 304, headers });
    }
    return new Response(body, { headers });
  }

  /** Whether one of the tags is ours, also where somebody on the way has compressed the file (RFC 9110, 13.1.2). */
  #isKept(tags: string | null): boolean {
    return tags?.split(",").some((tag) => tag.trim().replace(/^W\//, "") === this.#etag) ?? false;
  }
}
